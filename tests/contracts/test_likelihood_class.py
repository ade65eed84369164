"""What the base class promises to those who subclass it, and refuses them."""

import inspect

import distrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests.contracts.compiled import quick_jit
from tests.contracts.heads import (
    LIBRARY,
    VECTOR,
    Case,
    Coupled,
    Mixture,
    OneHot,
    SharedMixture,
    SharedPerDimension,
    TenLines,
    setup,
)
from vaex.errors import InputError
from vaex.likelihoods._predictions import Predictions
from vaex.likelihoods.base import Likelihood
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.testing._subject import B

FINAL = {
    name
    for name in dir(Likelihood)
    if getattr(getattr(Likelihood, name), "__final__", False)
}


@pytest.mark.parametrize("kind", LIBRARY, ids=lambda kind: kind.__name__)
def test_a_head_is_built_from_its_event_shape_and_says_what_it_is(kind):
    head = kind.example((3,))
    assert head.event_shape == (3,)
    parameters = inspect.signature(kind).parameters
    assert parameters["event_shape"].default == ()
    for name in ("num_params", "support", "is_normalized"):
        assert name not in parameters
    for name, parameter in parameters.items():
        assert parameter.default is not parameter.empty, name
    assert kind.__name__ in head.describe()
    assert isinstance(head.num_params, int)


@pytest.mark.parametrize(
    "arguments",
    [{"event_shape": (0,)}, {"event_shape": (3, -1)}, {"min_scale": 0.0}],
    ids=str,
)
@pytest.mark.parametrize("kind", LIBRARY, ids=lambda kind: kind.__name__)
def test_a_head_refuses_what_cannot_work(kind, arguments):
    (name, value), *_ = arguments.items()
    with pytest.raises(InputError) as caught:
        kind(**{"event_shape": (3,)} | arguments)
    assert name in str(caught.value)
    assert str(value) in str(caught.value)


@pytest.mark.parametrize("name", sorted(FINAL))
def test_final_verbs_cannot_be_overridden(name):
    with pytest.raises(TypeError, match=f"Bad overrides {name}.*`distribution`"):
        type("Bad", (Likelihood,), {name: lambda self: None})


def test_final_verbs_cannot_be_overridden_by_a_mixin():
    class Mixin:
        def log_prob(self, features, x):
            return 0.0

    with pytest.raises(TypeError, match="Bad overrides log_prob"):
        type("Bad", (Mixin, Likelihood), {})


def test_every_public_verb_is_final():
    own = {
        name
        for kind in (Likelihood, Predictions)
        for name, value in vars(kind).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }
    assert own - {"example"} == FINAL - {"__call__"}


def test_a_constant_of_the_class_must_not_become_an_argument():
    with pytest.raises(TypeError, match="num_params.*annotation"):

        class Bad(Likelihood):
            num_params: int = 2


def test_a_head_without_a_hook_says_what_is_missing():
    class Empty(Likelihood):
        pass

    with pytest.raises(NotImplementedError, match="Empty must define `distribution`"):
        Empty((3,)).init(jax.random.key(0), jnp.zeros((2, 4)))


def test_a_loss_only_head_cannot_pass_off_a_density():
    class Bad(Likelihood):
        is_normalized = False

        def distribution(self, loc):
            return distrax.Normal(loc, 1.0)

    with pytest.raises(TypeError, match="Bad.*PointPrediction.*Normal"):
        Bad((3,)).init(jax.random.key(0), jnp.zeros((2, 4)))


def test_a_decoder_that_gives_another_event_shape_is_refused():
    with pytest.raises(InputError, match=r"\(5, 4\).*\(4, 4, 3\)"):
        Bernoulli((4, 4, 3)).init(jax.random.key(0), jnp.zeros((2, 5, 4, 8)), axes=2)
    with pytest.raises(InputError, match=r"\(5,\).*\(\)"):
        Bernoulli().init(jax.random.key(0), jnp.zeros((2, 5, 8)), axes=1)


def test_x_of_another_shape_is_refused():
    s = setup(Bernoulli, VECTOR)
    features = s.features[0]
    with pytest.raises(InputError, match=r"\(3,\).*\(3, 4\)"):
        s.head.apply(s.variables, features, jnp.ones((B, 4)), method="log_prob")
    for mask in (np.ones((B, 4), bool), np.ones((B,), bool)):
        with pytest.raises(InputError, match=r"mask.*\(3, 3\)"):
            s.head.apply(
                s.variables, features, jnp.ones((B, 3)), mask, method="log_prob"
            )


@pytest.mark.parametrize("kind", [OneHot, Coupled], ids=lambda kind: kind.__name__)
def test_a_mask_through_what_is_scored_jointly_is_refused(kind):
    head = kind.example((4, 3))
    values = np.broadcast_to(np.eye(3)[0], (5, 4, 3))
    mask = np.ones(values.shape, bool)
    mask[2, 1, 0] = False
    with pytest.raises(ValueError, match=f"{kind.__name__}.*jointly.*constant"):
        head.check_support(values, mask)
    mask[2, 1] = False
    head.check_support(values, mask)


def test_vectors_of_another_length_are_outside():
    with pytest.raises(InputError, match="one-hot vectors of length 3"):
        OneHot((4,), num_classes=3).check_support(np.eye(4))


class Seeing(Bernoulli):
    """Bernoulli that says which shapes its score is given."""

    seen = ()

    def score(self, elements, x, mask, *, train):
        type(self).seen = (elements.batch_shape, x.shape, mask.shape)
        return elements.log_prob(x)


class SeeingRows(Seeing):
    ignores_event_shape = True

    def score(self, elements, x, mask, *, train):
        return super().score(elements, x, mask, train=train)


@pytest.mark.parametrize(("kind", "event"), [(Seeing, (2, 3)), (SeeingRows, (6,))])
def test_the_event_is_one_axis_where_a_head_says_so_itself(kind, event):
    """A parent's promise does not hold for what a child fills in."""
    assert Bernoulli.ignores_event_shape
    assert kind.ignores_event_shape == (kind is SeeingRows)
    features, x = jnp.ones((5, B, 4)), np.ones((B, 2, 3), np.float32)
    mask = np.arange(B * 6).reshape(x.shape) % 3 > 0
    head = kind(event_shape=(2, 3))
    variables = head.init(jax.random.key(0), features)
    arguments = (features, x, mask)
    nats = head.apply(variables, *arguments, method="log_prob_per_dimension")
    plain = Bernoulli(event_shape=(2, 3))
    wanted = plain.apply(variables, *arguments, method="log_prob_per_dimension")
    assert kind.seen == ((5, B, *event), (B, *event), (B, *event))
    np.testing.assert_array_equal(nats, wanted)
    assert nats.shape == (5, B, 2, 3)


def test_shared_parameters_are_made_once():
    own = setup(SharedPerDimension, Case((4, 2), 1)).variables["params"]
    assert own["raw_scale"].shape == (4, 2)
    wrapped = setup(SharedMixture, VECTOR).variables["params"]
    assert wrapped["child"]["raw_scale"].shape == ()
    assert "projection" not in wrapped["child"]


def test_a_wrapper_is_the_mixture_of_its_child():
    s = setup(Mixture, VECTOR)
    raw = np.random.default_rng(0).normal(size=(B, 3, 4)).astype(np.float32)
    x = np.full((B, 3), 0.2, np.float32)

    @quick_jit
    def both(raw):
        whole = s.head.apply({}, None, raw=raw, method="elements").log_prob(x)
        weights = jax.nn.log_softmax(raw[..., :2])
        parts = [
            s.head.child.apply({}, None, raw=raw[..., [2 + k]], method="elements")
            for k in range(2)
        ]
        terms = [weights[..., k] + parts[k].log_prob(x) for k in range(2)]
        return whole, jnp.logaddexp(*terms)

    np.testing.assert_allclose(*both(raw), rtol=1e-5, atol=1e-6)


def test_the_ten_lines_of_a_user_are_that_density():
    s = setup(TenLines, VECTOR)
    features, x = s.features[0], np.full((B, 3), 0.3)
    projection = s.variables["params"]["projection"]
    raw = np.asarray(features @ projection["kernel"] + projection["bias"])
    loc, raw_scale = np.split(raw, 2, axis=-1)
    twin = stats.laplace(loc, 1e-3 + np.logaddexp(0, raw_scale))
    actual = s.head.apply(s.variables, features, x, method="log_prob")
    np.testing.assert_allclose(actual, twin.logpdf(x).sum(-1), rtol=1e-5)
