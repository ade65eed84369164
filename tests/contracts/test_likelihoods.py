"""What every likelihood head must do; new files in vaex/likelihoods are found.

`ALL` also holds heads as users write them, so that the base class is tested where no
head of the library goes: vectors, coupled axes, shared parameters, wrappers.
"""

import contextlib
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

from tests.contracts.compiled import quick_jit
from tests.contracts.heads import (
    ALL,
    LOSSES,
    NORMALIZED,
    VECTOR,
    B,
    Case,
    Coupled,
    OneHot,
    S,
    drawn,
    setup,
    values_of,
)
from tests.contracts.integration import edges, nodes, outcomes
from vaex.errors import InputError

FAST = [Case((4, 4, 3), 2)]
SLOW = [VECTOR, Case((), 0), Case((4, 2), 0), Case((4, 2), 1), Case((4, 4, 3), 0)]

every_head = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
every_density = pytest.mark.parametrize(
    "kind", NORMALIZED, ids=lambda kind: kind.__name__
)
every_loss = pytest.mark.parametrize("kind", LOSSES, ids=lambda kind: kind.__name__)
shapes = pytest.mark.parametrize(
    "case", FAST + [pytest.param(c, marks=pytest.mark.slow) for c in SLOW], ids=str
)

# Sums of up to 48 float32 numbers in another order.
CLOSE = {"rtol": 1e-5, "atol": 2e-5}


def skip_scalars(kind, case):
    if not case.event_shape and kind in (OneHot, Coupled):
        pytest.skip("a vector has an axis")


def z_scores(samples, expected):
    """[...] of the mean over the first axis, in standard errors."""
    samples = np.asarray(samples, np.float64)
    se = samples.std(0, ddof=1) / np.sqrt(len(samples))
    # Rounding of float32 values, where a sample has next to no spread.
    slack = 1e-6 * (1 + np.abs(expected))
    return (samples.mean(0) - np.asarray(expected, np.float64)) / (se + slack)


@functools.cache
def computed(kind, case) -> dict[str, Any]:
    """What the verbs give for a draw x, in one program."""
    head, variables, features = setup(kind, case)

    def call(method, *arguments):
        return head.apply(
            variables, *arguments, axes=case.axes, method=getattr(type(head), method)
        )

    def losses(features, x):
        return call("reconstruction_loss", features, x)

    @quick_jit
    def everything(features, x):
        over_samples = jax.vmap(losses, (0, None))
        over_batch = jax.vmap(losses, (1, 0), 1)
        twice = jnp.concatenate([features, features], 1), jnp.concatenate([x, x])
        found = {
            "loss": losses(features, x),
            "vmap over samples": over_samples(features, x),
            "vmap over the batch": over_batch(features[:, :, None], x[:, None])[..., 0],
            "the batch twice": losses(*twice)[:, :B],
        }
        with contextlib.suppress(ValueError):  # a mixture has none in closed form
            found["mode"] = call("mode", features)
        if head.is_normalized:
            distribution = call("__call__", features)
            assert distribution.event_shape == head.event_shape
            assert distribution.batch_shape == (S, B)
            found |= {
                "log_prob": call("log_prob", features, x),
                "elements": call("log_prob_per_dimension", features, x),
                "distribution": distribution.log_prob(x),
            }
        return found

    return everything(features, values_of(kind, case))


@every_head
@shapes
def test_verbs_agree_in_shape_type_and_value(kind, case):
    skip_scalars(kind, case)
    s = setup(kind, case)
    event, attribution = s.head.event_shape, s.head.attribution_shape
    found = computed(kind, case)
    sample = jax.eval_shape(
        functools.partial(s.head.apply, axes=case.axes, method="sample"),
        s.variables,
        s.features,
        jax.random.key(0),
    )
    assert sample.shape == (S, B, *event)
    assert sample.dtype == found["loss"].dtype == jnp.float32
    assert found["loss"].shape == (S, B)
    assert np.isfinite(found["loss"]).all()
    if "mode" in found:
        assert found["mode"].shape == (S, B, *event)
        s.head.check_support(np.asarray(found["mode"]).reshape(S * B, *event))
    if not s.head.is_normalized:
        assert (found["loss"] >= 0).all()
        return
    assert found["log_prob"].dtype == found["elements"].dtype == jnp.float32
    assert found["elements"].shape == (S, B, *attribution)
    total = np.asarray(found["elements"], np.float64).reshape(S, B, -1).sum(-1)
    np.testing.assert_allclose(found["log_prob"], total, **CLOSE)
    np.testing.assert_allclose(found["log_prob"], found["distribution"], **CLOSE)
    np.testing.assert_array_equal(found["loss"], -found["log_prob"])


@every_head
@shapes
def test_jit_vmap_and_a_larger_batch_agree_with_a_loop(kind, case):
    skip_scalars(kind, case)
    head, variables, features = setup(kind, case)
    x, found = values_of(kind, case), computed(kind, case)

    @quick_jit
    def loss(features, x):
        return head.apply(
            variables, features, x, axes=case.axes, method="reconstruction_loss"
        )

    expected = [
        [loss(features[i, b][None], x[b][None])[0] for b in range(B)] for i in range(S)
    ]
    for name in ("loss", "vmap over samples", "vmap over the batch", "the batch twice"):
        np.testing.assert_allclose(found[name], expected, **CLOSE, err_msg=name)


def mask_for(head):
    """[B, *E] with masked and observed cells, constant over what is joint."""
    shape = head.attribution_shape
    joint = len(head.event_shape) - len(shape)
    mask = np.arange(B * int(np.prod(shape))) % 3 != 1
    return np.broadcast_to(
        mask.reshape(B, *shape, *(1,) * joint), (B, *head.event_shape)
    )


@every_head
@shapes
def test_masked_cells_count_nothing_whatever_they_hold(kind, case):
    skip_scalars(kind, case)
    head, variables, features = s = setup(kind, case)
    mask, x = mask_for(head), values_of(kind, case)

    @quick_jit
    def with_gradient(variables, x, mask):
        def loss(variables):
            def call(method):
                return head.apply(
                    variables, features, x, mask, axes=case.axes, method=method
                )

            value = call("reconstruction_loss")
            elements = call("log_prob_per_dimension") if head.is_normalized else None
            return value.sum(), (value, elements)

        return jax.value_and_grad(loss, has_aux=True)(variables)

    expected = with_gradient(variables, x, mask)
    for garbage in (np.nan, np.inf, -7.5):
        filled = np.where(mask, x, np.float32(garbage))
        actual = with_gradient(variables, filled, mask)
        jax.tree.map(np.testing.assert_array_equal, actual, expected)
    nothing = with_gradient(variables, np.full_like(x, np.nan), np.zeros_like(mask))
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(nothing))
    everything = with_gradient(variables, x, np.ones_like(mask))[0][1]
    found = computed(kind, case)
    np.testing.assert_allclose(everything[0], found["loss"], **CLOSE)
    if head.is_normalized:
        observed = mask.reshape(*mask.shape[: mask.ndim - s.joint], -1)[..., 0]
        actual = expected[0][1][1]
        assert (np.asarray(actual)[:, ~observed] == 0).all()
        wanted = np.where(observed, found["elements"], 0.0)
        np.testing.assert_allclose(actual, wanted, **CLOSE)


def raw_extremes(num_params: int) -> np.ndarray:
    """[combinations, P]: -1000, 0 or 1000 in every parameter, if they are few."""
    values = [-1e3, 0.0, 1e3]
    if num_params <= 3:
        grid = np.meshgrid(*[values] * num_params, indexing="ij")
        return np.stack(grid, -1).reshape(-1, num_params)
    rows = np.random.default_rng(0).choice(values, (20, num_params))
    return np.concatenate([rows, np.full((1, num_params), 1e3)])


@every_head
def test_extremes_have_values_and_gradients_that_are_numbers(kind):
    head, variables, features = setup(kind, VECTOR)
    raw = raw_extremes(head.num_params).astype(np.float32)
    raw = np.broadcast_to(raw[:, None], (len(raw), 3, head.num_params))
    x = edges(head.support, 3)
    if head.support.event_rank == 0:
        x = np.broadcast_to(x[:, None], (len(x), 3))

    def score(raw, x):
        def direct(module, raw, x):
            elements = module.elements(None, raw=raw)
            return module.score(elements, x, None, train=True).sum()

        return head.apply(variables, raw, x, method=direct)

    def loss(variables, features):
        value = head.apply(variables, features, x[:1], method="reconstruction_loss")
        return value.sum()

    @quick_jit
    def everything(variables, raw, x, features):
        pairs = jax.vmap(jax.vmap(jax.value_and_grad(score), (None, 0)), (0, None))
        return pairs(raw, x), jax.value_and_grad(loss, (0, 1))(variables, features)

    (scores, slopes), far = everything(variables, raw, x, 1e3 * features)
    bad = np.isnan(scores) | np.isposinf(scores) | np.isnan(slopes).any((2, 3))
    for i, j in np.argwhere(bad)[:5]:
        print(f"raw {raw[i, 0]}, x {x[j]}: {scores[i, j]}, gradient {slopes[i, j, 0]}")
    assert not bad.any()
    assert not any(np.isnan(leaf).any() for leaf in jax.tree.leaves(far))


@every_density
def test_total_mass_is_one_and_samples_follow_the_density(kind):
    head, variables, features = s = setup(kind, VECTOR)
    if s.joint and head.support.event_rank == 0:
        pytest.skip("numbers scored jointly are not integrated here")
    values = outcomes(head.support, 3)
    weights = None if values is None else np.ones(len(values))
    if values is None:
        values, weights = nodes(head.support)
    rank = 1 - head.support.event_rank
    values = values.reshape(len(values), 1, *(1,) * rank, *values.shape[1:])
    values = np.broadcast_to(values, (len(values), B, 3))

    @quick_jit
    def log_prob(x):
        def one(x):
            return head.apply(
                variables, features[0], x, method="log_prob_per_dimension"
            )

        return jax.vmap(one)(x)

    x = drawn(kind).x
    found = np.asarray(log_prob(np.concatenate([values, x])), np.float64)
    grid, at_samples = found[: len(values)], found[len(values) :]
    weights = weights.reshape(-1, *(1,) * (grid.ndim - 1))
    # log_prob is right to 1e-6 relative or so in float32, of values up to 20 nats.
    np.testing.assert_allclose((weights * np.exp(grid)).sum(0), 1.0, atol=2e-5)
    # E log p(x) by the grid and by samples: a sampler of another distribution would
    # be off by its divergence from this one.
    terms = np.exp(grid) * np.where(grid > -1e3, grid, 0.0)
    assert np.abs(z_scores(at_samples, (weights * terms).sum(0))).max() < 4.5


@every_head
def test_samples_lie_in_the_support(kind):
    setup(kind, VECTOR).head.check_support(drawn(kind).x.reshape(-1, 3))


@every_head
def test_the_mean_or_the_frequencies_are_those_of_samples(kind):
    head = setup(kind, VECTOR).head
    x, moments = drawn(kind)
    if "mean" in moments:
        assert moments["mean"].shape == (B, *head.event_shape)
        assert np.abs(z_scores(x, moments["mean"])).max() < 4.5
        return
    probabilities = moments["probabilities"]
    assert probabilities.shape[:-1] == (B, *head.attribution_shape)
    np.testing.assert_allclose(probabilities.sum(-1), 1.0, rtol=1e-5)
    if head.support.event_rank == 0:
        x = x[..., None] == np.arange(probabilities.shape[-1])
    assert np.abs(z_scores(x, probabilities)).max() < 4.5


@every_head
def test_half_precision_features_give_float32(kind):
    head, variables, features = setup(kind, VECTOR)
    features = jax.ShapeDtypeStruct(features.shape, jnp.bfloat16)
    x = jax.ShapeDtypeStruct((B, 3), jnp.bfloat16)

    def call(method):
        def apply(features, x):
            return head.apply(variables, features, x, method=method)

        return jax.eval_shape(apply, features, x).dtype

    assert call("reconstruction_loss") == jnp.float32
    if head.is_normalized:
        assert call("log_prob") == call("log_prob_per_dimension") == jnp.float32


@every_head
def test_values_outside_the_support_are_refused_by_name(kind):
    head = setup(kind, VECTOR).head
    values = edges(head.support, 3)
    inside = values[:1] if head.support.event_rank else np.full((1, 3), values[0])
    candidates = np.array([np.nan, np.inf, -np.inf, -1.0, 1.5, 0.5, 1e9], np.float32)
    refused = 0
    for candidate in candidates:
        data = np.repeat(inside, 4, axis=0)
        data[2, 1] = candidate
        if head.support.contains(data).all():
            continue
        refused += 1
        with pytest.raises(InputError) as caught:
            head.check_support(data)
        message = str(caught.value)
        for part in (kind.__name__, head.support.description, "1 of", "(2"):
            assert part in message
        mask = np.ones_like(data, bool)
        mask[2] = False
        head.check_support(data, mask)
        head.check_support(data, mask.astype(np.uint8))
        with pytest.raises(InputError):
            head.check_support(data, np.roll(mask, 1, axis=0))
    assert refused >= 3
    with pytest.raises(InputError, match=r"\(3,\).*\(2,\)"):
        head.check_support(np.zeros((4, 2)))


@every_loss
def test_a_loss_has_no_probability(kind):
    head, variables, features = setup(kind, VECTOR)
    x = jnp.ones((B, 3))
    for method in ("log_prob", "log_prob_per_dimension"):
        with pytest.raises(ValueError, match=rf"{kind.__name__}.*such as Gaussian"):
            head.apply(variables, features, x, method=method)
    with pytest.raises(ValueError, match=rf"{kind.__name__} is not made of logits"):
        head.apply(variables, features, method="probabilities")
    with pytest.raises(ValueError, match="Gaussian"):
        head.apply(variables, features).log_prob(x)


@every_density
def test_maximum_likelihood_finds_the_parameters(kind):
    """A fit to N draws does as well on new ones as the truth that made them."""
    head, truth, features = setup(kind, VECTOR)
    features, steps, noise = features[0, :1], 300, np.random.default_rng(1)
    optimizer = optax.adam(optax.cosine_decay_schedule(0.1, steps))

    @quick_jit
    def everything(truth, start, x):
        train, test = jnp.split(x, 2)

        def log_prob(variables, x):
            return head.apply(variables, features, x, method="log_prob")

        def body(_, carry):
            params, state = carry
            grads = jax.grad(lambda p: -log_prob(p, train).mean())(params)
            updates, state = optimizer.update(grads, state)
            return optax.apply_updates(params, updates), state

        fitted, _ = jax.lax.fori_loop(0, steps, body, (start, optimizer.init(start)))
        return log_prob(fitted, test), log_prob(truth, test)

    # Not 0: components of a mixture that are equal at the start stay equal.
    start = jax.tree.map(
        lambda leaf: (0.1 * noise.normal(size=leaf.shape)).astype(np.float32), truth
    )
    found = everything(truth, start, drawn(kind).x[:, 0])
    fitted, true = (np.asarray(v, np.float64) for v in found)
    count = len(true)
    gain = fitted - true
    standard_error = true.std(ddof=1) / np.sqrt(count)
    assert abs(gain.mean()) < 3 * standard_error
    # Wilks: twice the expected loss on the fitted data's scale is chi-squared with
    # as many degrees of freedom as there are parameters.
    degrees = 3 * head.num_params + 3
    expected_loss = stats.chi2(degrees).ppf(0.9999) / (2 * count)
    paired = gain.std(ddof=1) / np.sqrt(count)
    assert gain.mean() > -expected_loss - 4 * paired
