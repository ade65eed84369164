"""The pass over the training set that sets what is calibrated."""

import jax
import numpy as np
import pytest

from vaex.evaluation.estimates import estimate, make_estimate
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.optimal_sigma_gaussian import OptimalSigmaGaussian
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.objectives.evidence_lower_bound import elbo
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.identity import Identity
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.training import calibration
from vaex.training.experiment import Experiment
from vaex.training.loop import fit
from vaex.training.optimizers import adam
from vaex.training.state import model_variables

N, D = 50, 3


def experiment_with(head):
    model = VAE(
        encoder=MLPEncoder(hidden=(4,)),
        posterior=DiagonalGaussian(2),
        prior=StandardGaussian(2),
        decoder=MLPDecoder(hidden=(4,)),
        likelihood=head,
    )
    return Experiment(model, elbo, adam, Identity())


@pytest.fixture(scope="module")
def rows():
    x = np.random.default_rng(0).normal(5.0, 3.0, (N, D)).astype(np.float32)
    return {"x": x}


@pytest.fixture(scope="module")
def fitted(rows):
    experiment = experiment_with(OptimalSigmaGaussian((D,)))
    state, _ = fit(experiment, rows, epochs=2, batch_size=16)
    return experiment, state


def stored(state):
    return float(state.variables["calibration"]["model"]["likelihood"]["variance"])


def test_the_stored_scale_is_that_of_the_training_set(fitted, rows):
    """E_q |x - f(z)|^2 by many samples: one for each example is within its error."""
    experiment, state = fitted
    model, variables = experiment.model, model_variables(state)

    @jax.jit
    def errors(key):
        def parts(module):
            q = module.encode(rows)
            z = q.sample(seed=key, sample_shape=(400,))
            return (rows["x"] - module.decode(z).mean()) ** 2

        return model.apply(variables, method=parts)

    squared = np.asarray(errors(jax.random.key(9)), np.float64).mean(-1)  # [400, N]
    expected = squared.mean()
    standard_error = np.sqrt(squared.var(0).mean() / N)
    assert abs(stored(state) - expected) < 4 * standard_error
    assert abs(stored(state) - 1.0) > 20 * standard_error


@pytest.mark.slow
def test_the_cut_into_blocks_does_not_matter(fitted, rows, monkeypatch):
    experiment, state = fitted
    for block in (7, N, 64):
        monkeypatch.setattr(calibration, "BLOCK", block)
        again = calibration.calibrate(experiment, state, rows)
        np.testing.assert_allclose(stored(again), stored(state), rtol=1e-6)


def test_estimates_use_it(fitted, rows):
    experiment, state = fitted
    compiled = jax.jit(make_estimate(experiment.model, Identity(), 4))
    found = estimate(
        compiled,
        model_variables(state),
        jax.random.key(1),
        rows,
        num_samples=64,
        block_size=N,
    )
    # At the best scale of these rows the distortion is D/2 (log(2 pi sigma^2) + 1);
    # both are averages over posterior samples, 1 and 64 for each example.
    expected = D / 2 * (np.log(2 * np.pi * stored(state)) + 1)
    np.testing.assert_allclose(found["distortion"].mean(), expected, rtol=2e-2)


@pytest.mark.slow
def test_a_head_without_calibration_is_left_alone(rows):
    experiment = experiment_with(Gaussian((D,)))
    state, _ = fit(experiment, rows, epochs=1, batch_size=16)
    assert calibration.calibrate(experiment, state, rows) is state
