"""Which feature is odd: a planted one is found, and kept through an export."""

import jax.numpy as jnp
import numpy as np
import pytest

from tests.anomaly import scoring
from vaex.anomaly.attribution import top_elements
from vaex.anomaly.reconstruction_probability import ReconstructionProbability
from vaex.anomaly.scorer import Scorer
from vaex.likelihoods.shared_scale_gaussian import SharedScaleGaussian
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.identity import Identity
from vaex.priors.standard_gaussian import StandardGaussian

SIZE, LATENT, NOISE = 12, 3, 0.5


def table() -> tuple[VAE, dict, np.ndarray]:
    """Twelve features of about unit scale, three factors, the exact posterior."""
    generator = np.random.default_rng(0)
    basis = np.linalg.qr(generator.normal(size=(SIZE, LATENT)))[0]
    weights = basis * np.sqrt(SIZE / LATENT) * np.array([1.2, 1.0, 0.8])
    z = generator.normal(size=(400, LATENT))
    x = z @ weights.T + NOISE * generator.normal(size=(400, SIZE))
    inverse = 1.0 / ((weights**2).sum(0) + NOISE**2)
    kernel = np.stack([weights * inverse, 0 * weights], -1).reshape(SIZE, -1)
    raw = np.log(np.expm1(NOISE * np.sqrt(inverse) - 1e-4))
    params = {
        "posterior": {
            "projection": {"kernel": kernel, "bias": np.stack([0 * raw, raw], -1)}
        },
        "likelihood": {
            "projection": {"kernel": weights.T, "bias": np.zeros(SIZE)},
            "raw_scale": np.log(np.expm1(NOISE - 1e-3)),
        },
    }
    params["posterior"]["projection"]["bias"].shape = (-1,)
    model = VAE(
        encoder=MLPEncoder(hidden=()),
        posterior=DiagonalGaussian(LATENT),
        prior=StandardGaussian(LATENT),
        decoder=MLPDecoder(hidden=()),
        likelihood=SharedScaleGaussian(event_shape=(SIZE,)),
    )
    return model, {"params": _float32(params)}, x.astype(np.float32)


def _float32(tree):
    if isinstance(tree, dict):
        return {name: _float32(value) for name, value in tree.items()}
    return jnp.asarray(tree, jnp.float32)


@pytest.mark.slow
def test_a_feature_planted_at_ten_standard_deviations_is_the_top_one():
    """In 95 % of the rows at least, whichever feature it is, up or down."""
    model, variables, x = table()
    planted = x.copy()
    place = np.arange(len(x)) % SIZE
    sign = np.where(np.arange(len(x)) % 5 < 2, -1.0, 1.0)
    planted[np.arange(len(x)), place] += 10 * sign * x.std(0)[place]
    scorer = Scorer(model, variables, Identity(), ReconstructionProbability())
    found = scorer({"x": planted})
    top, share = top_elements(found.attribution, 3)
    assert (top[:, 0] == place).mean() >= 0.95
    assert share[:, 0].mean() > 0.4
    plain = scorer({"x": x})
    assert (found.value > plain.value).all()
    # What it finds in rows that nothing was planted in is spread over the features.
    often = np.bincount(top_elements(plain.attribution, 1)[0][:, 0], minlength=SIZE)
    assert often.max() < 0.25 * len(x)


def test_shares_are_of_what_is_above_zero():
    """Of log-densities above 0 attributions are negative: those have no share."""
    parts = np.array([[3.0, -1.0, 1.0], [-1.0, -2.0, -3.0]])
    top, share = top_elements(parts, 2)
    assert top.tolist() == [[0, 2], [0, 1]]
    np.testing.assert_allclose(share, [[0.75, 0.25], [0.0, 0.0]])
    assert top_elements(parts.reshape(2, 3, 1), 9)[0].shape == (2, 3)
    top, share = top_elements(np.array([[1.0, np.inf, -2.0, np.inf]]), 3)
    assert (top.tolist(), share.tolist()) == ([[1, 3, 0]], [[0.5, 0.5, 0.0]])


def test_parts_sum_to_the_score_in_float_error():
    found = scoring.reconstruction()({"x": np.full((3, 6), [[0.1], [9.0], [-70.0]])})
    np.testing.assert_allclose(found.attribution.sum(1), found.value, rtol=1e-6)
