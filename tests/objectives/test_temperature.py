"""Temperatures that fall in training: the density of a step, against TFP's."""

import functools

import jax
import numpy as np
import pytest
import tensorflow_probability.substrates.jax as tfp

from tests.contracts.compiled import quick_jit
from tests.contracts.test_configs import composed
from tests.models.parts import EVENT, vae
from tests.models.running import some, start
from vaex.errors import InputError
from vaex.io.construction import construct
from vaex.objectives.evidence_lower_bound import elbo
from vaex.objectives.importance_weighted import iwae
from vaex.posteriors.relaxed_categorical import RelaxedCategorical
from vaex.posteriors.straight_through_categorical import StraightThroughCategorical
from vaex.priors import relaxed_categorical as priors
from vaex.priors.categorical import Categorical
from vaex.training.experiment import Root
from vaex.training.hparams import arguments, make_hparams, numeric_parameters
from vaex.training.schedules import cosine, exponential

V, C, B = 2, 3, 4
SIZES = {"num_variables": V, "num_categories": C}
BATCH = {"x": some(B, EVENT)}
RELAXED = vae(
    posterior=RelaxedCategorical(**SIZES, temperature=0.9),
    prior=priors.RelaxedCategorical(**SIZES),
)
ANNEALED = ("elbo", "iwae", "ciwae", "miwae", "piwae", "renyi", "vimco")
LINE = ["objective.temperature=0.8", "objective/temperature_schedule=exponential"]


def recorded(objective):
    """The objective, with what its model's terms are among its metrics."""

    @functools.wraps(objective)
    def wrapped(model, batch, **options):
        class Recorded:
            def __getattr__(self, name):
                return getattr(model, name)

            def terms(self, *asked, **more):
                self.found = model.terms(*asked, **more)
                return self.found

        watched = Recorded()
        loss, metrics = objective(watched, batch, **options)
        seen = {"z": watched.found.z, "log_qz_x": watched.found.log_qz_x}
        return loss, {**metrics, **seen, "logits": model.encode(batch).logits}

    return wrapped


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective", [elbo, pytest.param(iwae, marks=pytest.mark.slow)]
)
def test_the_density_of_a_step_is_that_at_its_temperature(objective):
    """For every temperature and step of one program."""
    schedule, variables = exponential(10, 0.25), start(RELAXED, BATCH)
    root = Root(RELAXED, recorded(objective))
    options = {"num_samples": 3, "temperature_schedule": schedule}

    @quick_jit
    def run(temperature, step):
        params = {"params": {"model": variables["params"]}}
        rngs = {"sample": jax.random.key(1)}
        weights = {**options, "temperature": temperature}
        return root.apply(
            params, BATCH, train=True, weights=weights, step=step, rngs=rngs
        )

    for temperature, step in [(1.0, 0), (1.0, 5), (2.0, 40)]:
        _, found = jax.device_get(run(np.float32(temperature), np.int32(step)))
        now = temperature * 0.25 ** min(step / 10, 1.0)
        logits = found["logits"].reshape(B, V, C)
        twin = tfp.distributions.RelaxedOneHotCategorical(now, logits=logits)
        z = found["z"].reshape(3, B, V, C)
        expected = np.asarray(twin.log_prob(z)).sum(-1)
        # TFP normalises and takes logarithms of float32 samples near the corners.
        np.testing.assert_allclose(found["log_qz_x"], expected, 1e-4, 1e-3)
        other = tfp.distributions.RelaxedOneHotCategorical(0.9 * now, logits=logits)
        assert abs(np.asarray(other.log_prob(z)).sum(-1) - expected).min() > 1e-2
    assert run._cache_size() == 1


@pytest.mark.parametrize(
    "option",
    [pytest.param(o, marks=() if o == "iwae" else pytest.mark.slow) for o in ANNEALED],
)
def test_the_command_line_sets_what_falls(option):
    node = composed(f"objective={option}", *(LINE if option != "vimco" else LINE[:1]))
    objective = construct(node["objective"], "objective", {})
    assert numeric_parameters(objective)["temperature"] == pytest.approx(0.8)
    hparams = make_hparams(objective=objective)
    assert "temperature" in arguments(hparams, "objective")
    if option != "vimco":
        multiplier = objective.keywords["temperature_schedule"]
        assert float(multiplier(10_000)) == pytest.approx(0.5)
    plain = construct(composed(f"objective={option}")["objective"], "objective", {})
    assert "temperature" not in numeric_parameters(plain)


def test_a_line_without_a_temperature_is_a_model_at_its_own():
    """Nothing is handed to a model that may know no settings."""

    class Silent:
        def terms(self, batch, *, num_samples, train):
            raise NotImplementedError(num_samples)

    with pytest.raises(NotImplementedError, match="5"):
        elbo(Silent(), BATCH, train=True, num_samples=5)


@pytest.mark.parametrize("objective", [elbo, iwae])
def test_what_has_no_temperature_is_refused(objective):
    def run(model, **options):
        apply = Root(model, objective).apply
        variables = {"params": {"model": start(model, BATCH)["params"]}}
        rngs = {"sample": jax.random.key(1)}
        options = {"train": True, "weights": options, "rngs": rngs}
        return jax.eval_shape(lambda: apply(variables, BATCH, **options))

    message = "posterior DiagonalGaussian has no temperature to set; .* use posterior="
    with pytest.raises(InputError, match=message):
        run(vae(), temperature=1.0)
    with pytest.raises(InputError, match="use objective.temperature=1.0"):
        run(RELAXED, temperature_schedule=cosine(10))
    straight = StraightThroughCategorical(**SIZES)
    run(vae(posterior=straight, prior=Categorical(**SIZES)), temperature=1.0)


def test_a_temperature_below_0_is_refused():
    node = composed("objective.temperature=-1.0")["objective"]
    with pytest.raises(
        InputError, match=r"objective.temperature must be at least 1e-06"
    ):
        construct(node, "objective", {})
