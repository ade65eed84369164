"""Fields of a table: columns, masks, messages, and the numbers by field."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.likelihoods.twins.composite import HEAD, PARAMS, VALUES
from vaex.errors import InputError
from vaex.io.construction import construct
from vaex.likelihoods.categorical import Categorical
from vaex.likelihoods.composite import Composite
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.likelihoods.poisson import Poisson

X = VALUES.astype(np.float32)


def one(columns, head=None):
    return {"columns": columns, "head": head or Gaussian()}


@pytest.fixture(scope="module")
def variables():
    found = HEAD.init(jax.random.key(0), jnp.zeros((2, 4)))["params"]
    return {"params": PARAMS | {"projection": found["projection"]}}


def test_columns_are_numbers_ranges_or_the_rest():
    head = Composite((7,), fields={"a": one(6), "b": one("1:3"), "c": one("rest")})
    columns = {name: field["columns"] for name, field in head.fields.items()}
    assert columns == {"a": (6,), "b": (1, 2), "c": (0, 3, 4, 5)}
    assert [f["head"].event_shape for f in head.fields.values()] == [(1,), (2,), (4,)]
    assert head.clone().fields == head.fields
    assert hash(head.clone()) == hash(head)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"a": one([0, 1]), "b": one([1, 2])}, "fields.b.columns.*column 1.*'a'"),
        ({"a": one([0, 0, 1, 2])}, "fields.a.columns.*overlap.*column 0"),
        ({"a": one([0, 2])}, r"fields must cover all 3 columns, but \[1\]"),
        ({}, r"fields must cover all 3 columns, but \[0, 1, 2\]"),
        ({"a": one([0, 3]), "b": one("rest")}, "fields.a.columns.*0 and 2.*got 3"),
        ({"a": one("rest"), "b": one("rest")}, r"\['a', 'b'\]"),
        ({"a": one([0, 1, 2]), "b": one("rest")}, "fields.b.columns.*none are left"),
        ({"a": one("first"), "b": one("rest")}, "fields.a.columns.*'first'"),
        ({"a": one([]), "b": one("rest")}, "fields.a.columns"),
        ({"a": {"columns": "rest"}}, "fields.a must hold columns and head"),
        ({"a.b": one("rest")}, "names without dots, got 'a.b'"),
        ({"a": one("rest", 3)}, "fields.a.head must be a likelihood head, got 3"),
        ({"a": one("rest", MeanSquaredError())}, "fields.a.head.*MeanSquaredError"),
    ],
)
def test_fields_that_cannot_work_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        Composite((3,), fields=fields)


def test_an_event_of_several_axes_is_refused():
    with pytest.raises(InputError, match=r"one axis.*\(3, 2\)"):
        Composite((3, 2), fields={"a": one("rest")})


def test_a_configuration_builds_it():
    path = "vaex.likelihoods"
    node = {
        "_target_": f"{path}.composite.Composite",
        "fields": {
            "count": {
                "columns": 2,
                "head": {"_target_": f"{path}.poisson.Poisson"},
            },
            "rest": {
                "columns": "rest",
                "fields": {
                    "size": {
                        "columns": [0, 1],
                        "head": {"_target_": f"{path}.gaussian.Gaussian"},
                    }
                },
            },
        },
    }
    head = construct(node, "likelihood", {"event_shape": (3,), "num_classes": None})
    assert isinstance(head.fields["count"]["head"], Poisson)
    assert head.fields["rest"]["head"].event_shape == (2,)
    assert head.raw_shape == (5,)


def test_data_outside_a_field_are_refused_by_its_name():
    fields = {"label": one(0, Categorical(num_classes=3)), "size": one("rest")}
    head = Composite((3,), fields=fields)
    values = np.array([[2.0, 0.1, 0.2], [5.0, 0.1, 0.2]])
    with pytest.raises(InputError, match=r"field 'label' \(columns \[0\]\).*5"):
        head.check_support(values)
    head.check_support(values, values < 5)
    with pytest.raises(InputError, match=r"\(3,\).*\(2,\)"):
        head.check_support(values[:, :2])
    assert head.support.contains(values).tolist() == [True, False]
    assert not head.support.contains(values[:, :2]).any()


def test_a_mask_may_hide_what_the_heads_let_it():
    mask = np.ones((2, 8), bool)
    mask[0, [0, 4, 5]] = False
    HEAD.check_support(VALUES, mask)
    mask[1, 2] = False
    with pytest.raises(InputError, match="'kind'.*jointly"):
        HEAD.check_support(VALUES, mask)
    mask[1, 1:4] = False
    HEAD.check_support(VALUES, mask)


@pytest.mark.slow
def test_the_numbers_by_field_add_up_and_masked_ones_are_0(variables):
    features = np.random.default_rng(0).normal(size=(3, 2, 4)).astype(np.float32)
    mask = np.ones((2, 8), bool)
    mask[0, 1:4], mask[1, 5], mask[1, 0] = False, False, False
    hidden = np.where(mask, X, np.nan).astype(np.float32)

    @quick_jit
    def everything(x, mask):
        def call(method, *arguments):
            return HEAD.apply(variables, features, *arguments, method=method)

        slope = jax.grad(
            lambda v: HEAD.apply(v, features, x, mask, method="log_prob").sum()
        )(variables)
        return (
            call("log_prob_by_field", X),
            call("log_prob", X),
            call("log_prob_by_field", x, mask),
            call("log_prob", x, mask),
            slope,
        )

    by_field, total, masked, masked_total, slope = everything(hidden, mask)
    assert list(by_field) == ["kind", "pair", "rest.ends", "rest.middle"]
    for found, whole in ((by_field, total), (masked, masked_total)):
        assert all(nats.shape == (3, 2) for nats in found.values())
        np.testing.assert_allclose(sum(found.values()), whole, rtol=1e-5, atol=1e-5)
    assert (masked["kind"][:, 0] == 0).all()
    assert (masked["rest.middle"][:, 1] == 0).all()
    np.testing.assert_allclose(masked["rest.ends"], by_field["rest.ends"], rtol=1e-6)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slope))


@pytest.mark.slow
def test_samples_go_to_their_columns(variables, getkey):
    features = np.random.default_rng(1).normal(size=(2, 4)).astype(np.float32)
    count = 8000

    @quick_jit
    def everything(key):
        p = HEAD.apply(variables, features)
        return p.sample(seed=key, sample_shape=count), p.mean(), p.variance(), p

    x, mean, variance, p = everything(getkey())
    assert x.shape == (count, 2, 8)
    HEAD.check_support(np.asarray(x).reshape(-1, 8))
    z = (np.asarray(x, np.float64).mean(0) - mean) / np.sqrt(variance / count)
    assert np.abs(z).max() < 4.5
    assert np.isfinite(p.log_prob(X)).all()


def test_what_one_field_lacks_is_refused():
    fields = {"label": one(0, Categorical(num_classes=3)), "size": one("rest")}
    head, features = Composite((3,), fields=fields), np.zeros((2, 4), np.float32)
    variables = head.init(jax.random.key(0), features)
    with pytest.raises(ValueError, match="Composite has no closed-form mean"):
        head.apply(variables, features, method="mean")
    mode = head.apply(variables, features, method="mode")
    assert mode.shape == (2, 3)
    assert mode.dtype == jnp.float32
