"""The report on a bad step: the first quantity, the rows, float64, what to try."""

import dataclasses
import functools
import json

import distrax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.training.toy import EVENT, order, tiny_vae, toy
from vaex.bounds.estimators import doubly_reparameterised, reparameterised
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.mixture_density import MixtureDensity
from vaex.objectives.importance_weighted import iwae
from vaex.training import optimizers
from vaex.training._quantities import LOG_PX_Z, first_bad, measured
from vaex.training.forensics import examine, verdict
from vaex.training.loop import Diverged, initial_state, iterate

ROWS = np.random.default_rng(0).normal(size=(8, EVENT)).astype(np.float32)
INDICES = range(100, 108)


class Bare(Gaussian):
    """A scale without a floor."""

    def distribution(self, loc, raw_scale):
        return distrax.Normal(loc, jnp.exp(raw_scale))


@functools.cache
def gaussian_vae(head=Gaussian, **fields):
    vae = tiny_vae()
    model = vae.model.clone(likelihood=head(event_shape=(EVENT,)))
    return dataclasses.replace(vae, model=model, **fields)


@functools.cache
def start(experiment):
    return initial_state(experiment, {"x": jnp.asarray(ROWS)}, order(8))


def changed(value, at=(3, 1)):
    rows = ROWS.copy()
    rows[at] = value
    return {"x": rows}


def explained(experiment, state, stored):
    """Reports in both precisions, both of which can be written."""
    found = [
        examine(experiment, state, stored, indices=INDICES, float64=double)
        for double in (False, True)
    ]
    for report in found:
        json.dumps(report.to_json(), allow_nan=False)
        assert report.lines()[0].startswith(
            f"step {int(state.step)} in {report.precision}"
        )
    return found


class Chain(nn.Module):
    """Two layers and a root whose gradient is infinite at 0."""

    @nn.compact
    def __call__(self, batch, *, train):
        del train
        ones, sizes = nn.initializers.ones, {"use_bias": False}
        x = nn.Dense(EVENT, kernel_init=ones, name="lower", **sizes)(batch["x"])
        x = nn.Dense(1, kernel_init=ones, name="upper", **sizes)(x)
        return jnp.sqrt(jnp.square(x))


def mean(model, batch, *, train):
    return model(batch, train=train).mean(), {}


def test_a_gradient_is_followed_back_from_the_loss():
    """0 in, 0 out, and 0 * inf on the way back: `upper` is the first to meet it."""
    experiment = toy(mean, optimizers.sgd, Chain())
    state = initial_state(experiment, {"x": jnp.asarray(ROWS)}, order(8))
    report = examine(
        experiment, state, {"x": np.where(np.arange(8)[:, None] == 3, 0, ROWS)}
    )
    names = [q.name for q in report.quantities if not q.is_finite]
    assert report.first.name == names[0] == "gradient of upper/kernel"
    assert names[1] == "gradient of lower/kernel"
    assert names[2:] == [
        f"{what}{layer}/kernel after the step"
        for what in ("optimizer state 0/trace/", "parameter ")
        for layer in ("lower", "upper")
    ]
    assert [q.name for q in report.quantities if q.kind == "layer"] == [
        "lower output",
        "upper output",
    ]
    assert "optimizer.learning_rate (now 0.01)" in report.suggestions[-1]


def test_infinities_that_are_meant_are_passed_over():
    def quantity(name, kind, *values):
        return measured(name, kind, np.array(values), 2)

    inside = quantity("thresholds", "field", [-np.inf, 0.0], [-np.inf, 1.0])
    fine = [quantity(LOG_PX_Z, "term", 0.0, 1.0), quantity("loss", "loss", 0.5)]
    assert first_bad([inside, *fine]) is None
    late = quantity("parameter", "after", np.nan)
    assert first_bad([inside, *fine, late]) is late
    bad = quantity(LOG_PX_Z, "term", -np.inf, 1.0), quantity("loss", "loss", np.inf)
    assert first_bad([inside, *bad]) is bad[0]
    worse = quantity(LOG_PX_Z, "term", -np.inf, -np.inf), bad[1]
    assert first_bad([inside, *worse]) is inside
    undefined = quantity("loc", "field", [np.nan, 0.0], [1.0, 1.0])
    assert first_bad([undefined, *bad]) is undefined


def test_rows_are_found_on_every_axis_that_they_lie_on():
    bad = np.zeros((5, 8, 3))
    bad[2, 6, 1] = np.inf
    for array in (bad, bad[2], bad.reshape(40, 3), bad[..., 1], bad[:, None]):
        assert measured("x", "layer", array, 8).rows == (6,)
    assert measured("x", "layer", bad[0, 0], 8).rows == ()


@pytest.mark.slow
def test_a_bad_value_in_the_data_is_named_with_its_example():
    experiment = gaussian_vae()
    single, double = explained(experiment, start(experiment), changed(np.nan))
    assert single.first.name == double.first.name == "stored x"
    assert [(r.position, r.index, r.num_bad) for r in single.rows] == [(3, 103, 1)]
    assert single.suggestions == (
        "repair or leave out example 103 (row 3 of the batch)",
    )
    assert "the mathematics or the data" in verdict(single, double)
    hidden = changed(np.nan) | {"mask": np.ones((8, EVENT), bool)}
    hidden["mask"][3, 1] = False
    report = examine(experiment, start(experiment), hidden)
    assert "stored x" not in [q.name for q in report.quantities if not q.is_finite]


@pytest.mark.slow
def test_a_value_far_from_the_others_is_named_with_its_example():
    experiment = gaussian_vae()
    single, double = explained(experiment, start(experiment), changed(1e30))
    assert single.first.kind == "log_prob"
    assert single.first.rows == (3,)
    assert single.rows[0].index == 103
    assert single.rows[0].is_far
    assert single.suggestions[0].startswith("look at example 103 (row 3 of the batch)")
    assert double.first is None
    assert verdict(single, double).startswith("finite in float64")


def with_scale(experiment, bias):
    """The state whose head has this raw scale everywhere."""
    state = start(experiment)
    params = jax.tree.map(jnp.copy, state.params)
    raw = jnp.repeat(jnp.array([0.0, bias]), EVENT)
    params["model"]["likelihood"]["projection"]["bias"] = raw
    return state._replace(params=params)


@pytest.mark.slow
def test_a_scale_that_falls_to_nothing():
    experiment = gaussian_vae(Bare)
    state = with_scale(experiment, -120.0)
    single, double = explained(experiment, state, {"x": ROWS})
    assert single.first.name == "likelihood Bare: log p(x|z) by element"
    (scale,) = (
        q for q in single.quantities if "likelihood Bare: field scale" in q.name
    )
    assert scale.name.endswith("field scale from raw parameter 1")
    assert scale.low == 0.0
    assert single.suggestions[0].startswith("a lower bound for the scale of likelihood")
    assert verdict(single, double).startswith("finite in float64")
    state = with_scale(experiment, 200.0)
    single, double = explained(experiment, state, {"x": ROWS})
    assert single.first.name == "likelihood Bare: field scale from raw parameter 1"
    assert single.first.num_inf == 8 * EVENT


@pytest.mark.slow
def test_a_scale_at_its_floor():
    experiment = gaussian_vae()
    tight = Gaussian(event_shape=(EVENT,), min_scale=1e-22)
    experiment = dataclasses.replace(
        experiment, model=experiment.model.clone(likelihood=tight)
    )
    report = examine(experiment, with_scale(experiment, -200.0), {"x": ROWS})
    assert report.first.kind == "log_prob"
    assert report.suggestions[0].startswith("a higher likelihood.min_scale (now 1e-22)")


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1e20, 1e30])
def test_a_learning_rate_that_is_far_too_high(rate):
    fast = functools.partial(optimizers.adam, learning_rate=rate)
    experiment = gaussian_vae(optimizer=fast)
    data = {"x": jnp.asarray(ROWS)}
    chunks = iterate(experiment, data, order(8), start(experiment), num_steps=50)
    with pytest.raises(Diverged) as error:
        list(chunks)
    step, state = error.value.step, error.value.state
    single, _ = explained(experiment, state, {"x": ROWS[order(8).indices(step, 1)[0]]})
    assert single.step == step > 0
    assert single.first.kind in (
        "layer",
        "raw",
        "field",
        "log_prob",
        "term",
        "gradient",
    )
    assert f"a lower optimizer.learning_rate (now {rate:.4g})" in single.suggestions[-1]


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [reparameterised, doubly_reparameterised])
def test_wrapped_heads_samples_and_lifted_models_are_seen_through(estimator):
    """A mixture of 5, 4 samples; log w and its slope within Flax's own vjp."""
    objective = functools.partial(iwae, num_samples=4, estimator=estimator)
    experiment = gaussian_vae(MixtureDensity, objective=objective)
    single, double = explained(experiment, start(experiment), changed(1e30))
    names = [q.name for q in single.quantities]
    assert "likelihood/child Gaussian: field scale from raw parameter 1" in names
    assert "likelihood MixtureDensity: field log_weights" in names
    assert single.first.rows == (3,)
    assert double.first is None
