"""Annealing on probabilistic PCA, where log p(x) and the whole path are known."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests.evaluation.compiled import KEY, prepared
from tests.oracles.ppca import EVENT, ppca
from vaex.errors import InputError
from vaex.evaluation.annealing import Annealing, places
from vaex.evaluation.densities_of_z import draw_example
from vaex.evaluation.estimates import estimate
from vaex.evaluation.evidence_sandwich import make_annealed, make_sandwich
from vaex.evaluation.hamiltonian import hamiltonian_step
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.preparations.levels import Levels

SMALL = Annealing(num_chains=8, num_leapfrog=5, tuning_temperatures=30)


@functools.cache
def oracle():
    return ppca(0.5, 1.5)


@functools.cache
def program(make, settings):
    return jax.jit(make(oracle().model, prepared, settings))


def run(make, num_temperatures, settings=SMALL, num=64):
    function = program(make, settings)
    return estimate(
        function,
        oracle().variables,
        KEY,
        {"x": oracle().x[:num]},
        num_samples=num_temperatures,
        block_size=64,
    )


def bias(values):
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


def test_a_transition_leaves_a_skewed_density_as_it_is():
    """Draws of a Gumbel distribution stay such; without a rejection they would not."""

    def log_density(z):
        value = (-z - jnp.exp(-z)).sum(-1)
        return value, value

    z = jax.random.gumbel(jax.random.key(1), (4000, 1))

    def move(number, carry):
        z, _ = carry
        key = jax.random.fold_in(jax.random.key(2), number)
        size = jnp.float32(1.1)
        z, _, accepted = hamiltonian_step(log_density, key, z, size, jnp.ones(1), 3)
        return z, accepted

    end, accepted = jax.jit(
        lambda z: jax.lax.fori_loop(0, 10, move, (z, jnp.zeros(4000)))
    )(z)
    assert 0.3 < accepted.mean() < 0.9  # long steps: rejections matter
    assert np.abs(end - z).mean() > 0.5  # they moved
    assert stats.kstest(np.asarray(end)[:, 0], stats.gumbel_r.cdf).pvalue > 1e-3


def test_an_end_of_infinite_density_is_not_accepted():
    def log_density(z):
        value = jnp.where(z[:, 0] > 0.0, jnp.inf, -0.5 * (z**2).sum(-1))
        return value, z[:, 0]

    start, size = jnp.full((16, 1), -0.1), jnp.float32(0.5)
    key = jax.random.key(0)
    z, known, accepted = hamiltonian_step(log_density, key, start, size, jnp.ones(1), 1)
    assert (z <= 0).all()
    assert (known == z[:, 0]).all()
    assert 0 < (accepted == 0).sum() < 16


def test_the_encoder_sees_of_simulated_data_what_it_sees_of_data():
    """Levels as intensities, and nothing of masked cells."""
    mask = np.arange(EVENT)[None] != 2
    given = Levels(17)(KEY, {"x": np.full((1, EVENT), 8, np.uint8), "mask": mask})
    model, variables = oracle().model, oracle().variables
    batch, _ = draw_example(model, variables, given, KEY, Levels(17).encoder_input)
    np.testing.assert_allclose(batch["input"], np.where(mask, batch["x"] / 16, 0.0))
    assert np.abs(np.asarray(batch["x"])).min() > 0


def test_the_mean_weight_is_a_lower_bound_that_rises_with_temperatures():
    exact, errors = oracle().log_px, []
    for num_temperatures in (5, 200):
        found = run(make_annealed, num_temperatures)
        mean, error = bias(found["log_px"] - exact)
        assert mean < 3 * error
        errors.append(mean)
        assert 0.4 < found["acceptance"].mean() < 0.9
    assert errors[0] < -0.2 < errors[1]
    assert errors[1] == pytest.approx(0.0, abs=0.1)
    assert program(make_annealed, SMALL)._cache_size() == 1  # T is traced


@pytest.mark.slow
def test_back_from_exact_draws_is_an_upper_bound_and_the_gap_closes():
    gaps = []
    for num_temperatures in (5, 200):
        found = run(make_sandwich, num_temperatures)
        exact = simulated_log_px()
        lower, lower_error = bias(found["lower"] - exact)
        upper, upper_error = bias(found["upper"] - exact)
        assert lower < 3 * lower_error
        assert upper > -3 * upper_error
        gaps.append(found["upper"].mean() - found["lower"].mean())
    assert gaps[0] > 0.5
    assert abs(gaps[1]) < 0.2
    # What makes them bounds: E[w] = p(x) forth, and E[1 / w] = 1 / p(x) back.
    found, exact = run(make_sandwich, 50), simulated_log_px()
    for log_ratio in (found["lower"] - exact, exact - found["upper"]):
        mean, error = bias(np.exp(log_ratio))
        assert abs(mean - 1) < 3.5 * error < 0.7


@functools.cache
def simulated_log_px():
    """Exact log p(x) of the x that `make_sandwich` draws in the rows' places."""
    from vaex.numerics import named_fold

    model, variables = oracle().model, oracle().variables

    def draw(row, index):
        key = named_fold(jax.random.fold_in(KEY, index), "sandwich")
        batch, z = draw_example(
            model, variables, {"x": row[None]}, named_fold(key, "simulate")
        )
        return batch["x"][0], z[0]

    x, z = jax.jit(jax.vmap(draw))(oracle().x, jnp.arange(64))
    mean, covariance = marginal()
    x = np.asarray(x, np.float64)
    # x given z has the head's mean and scale: residuals are its noise.
    head = variables["params"]["likelihood"]["projection"]
    residual = x - z @ head["kernel"] - head["bias"]
    assert residual.std() == pytest.approx(0.4, rel=0.2)
    assert stats.kstest(np.asarray(z).ravel(), "norm").pvalue > 1e-3
    return stats.multivariate_normal(mean, covariance).logpdf(x)


def marginal(power=1.0):
    head = oracle().variables["params"]["likelihood"]["projection"]
    kernel = np.asarray(head["kernel"], np.float64)
    covariance = kernel.T @ kernel + 0.16 / power * np.eye(EVENT)
    return np.asarray(head["bias"], np.float64), covariance


def exact_log_z(power):
    """log of the integral of p(z) p(x|z)^b, a Gaussian of noise 0.4^2 / b."""
    mean, covariance = marginal(power)
    log_density = stats.multivariate_normal(mean, covariance).logpdf(oracle().x)
    constant = 0.5 * EVENT * np.log(2 * np.pi * 0.16 / power)
    return log_density + constant - power * 0.5 * EVENT * np.log(2 * np.pi * 0.16)


def test_the_curve_is_that_of_the_tempered_posteriors():
    """log Z_b in closed form, and E_b log p(x|z) as its derivative."""
    found = run(make_annealed, 200)
    slots, powers = places(SMALL, 200)
    assert len(slots) == 41
    assert powers[-1] == 1.0
    for slot, power in zip(slots[::8], powers[::8], strict=True):
        mean, error = bias(found["curve_log_z"][:, slot] - exact_log_z(power))
        # A lower bound whose weights spread with the way gone.
        assert -0.1 < mean + 4 * error
        assert mean < 4 * error + 1e-3
        step = 1e-4 * power
        ahead, behind = exact_log_z(power + step), exact_log_z(power - step)
        slope = (ahead - behind) / (2 * step)
        mean, error = bias(found["curve_log_px_z"][:, slot] - slope)
        assert abs(mean) < 4 * error + 0.05 * np.abs(slope).mean()


@pytest.mark.slow
def test_from_the_encoders_gaussian_it_is_shorter():
    settings = Annealing(
        start="posterior", schedule="linear", num_chains=8, num_leapfrog=5,
        tuning_temperatures=30,
    )  # fmt: skip
    found = run(make_annealed, 20, settings)
    assert "curve_log_z" not in found
    mean, error = bias(found["log_px"] - oracle().log_px)
    assert -0.1 < mean < 3 * error
    both = run(make_sandwich, 20, settings)
    exact = simulated_log_px()
    for name, sign in (("lower", -1), ("upper", 1)):
        mean, error = bias(both[name] - exact)
        assert -3 * error < sign * mean < 0.2


def test_few_temperatures_fill_few_places():
    slots, powers = places(Annealing(), 7)
    assert len(slots) == 7
    assert np.isfinite(run(make_annealed, 7)["curve_log_z"][:, slots]).all()
    assert np.isnan(run(make_annealed, 7)["curve_log_z"]).sum(1).max() == 41 - 7
    assert (np.diff(powers) > 0).all()
    share = np.arange(1, 8) / 7
    logistic = 1 / (1 + np.exp(-4 * (2 * share - 1)))
    ends = 1 / (1 + np.exp([4, -4]))
    np.testing.assert_allclose(powers, (logistic - ends[0]) / np.diff(ends), atol=1e-7)


def test_bad_settings_are_refused():
    for name, value in (
        ("start", "encoder"), ("schedule", "cosine"), ("num_chains", 0),
        ("tuning_temperatures", 1), ("target", 1.0),
    ):  # fmt: skip
        with pytest.raises(InputError, match=f"{name} must"):
            Annealing(**{name: value})
    loss = oracle().model.clone(likelihood=MeanSquaredError(event_shape=(EVENT,)))
    for make in (make_annealed, make_sandwich):
        with pytest.raises(InputError, match="no annealed importance sampling: the"):
            make(loss, prepared, SMALL)
