"""`vaex.predict`: whole arrays through a model, as its parts have them."""

import jax.numpy as jnp
import numpy as np
import pytest

import vaex
from tests.evaluation.variables import random_variables
from tests.test_loaded_model import loaded
from vaex.errors import InputError
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.likelihoods.categorical import Categorical
from vaex.likelihoods.gaussian import Gaussian
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.identity import Identity
from vaex.priors.standard_gaussian import StandardGaussian

X = np.random.default_rng(0).integers(0, 2, (300, 3)).astype(float)


def small(head):
    model = VAE(
        encoder=MLPEncoder(hidden=(4,)),
        posterior=DiagonalGaussian(2),
        prior=StandardGaussian(2),
        decoder=MLPDecoder(hidden=(4,)),
        likelihood=head,
    )
    variables = random_variables(model, {"x": jnp.zeros((1, 3))})
    return loaded(model, variables, Identity(), (3,))


def test_of_bits_the_mean_is_the_probability():
    model = small(Bernoulli((3,)))
    found = vaex.predict(model, X)
    assert found.reconstruction.shape == (300, 3)
    assert (found.reconstruction == model.reconstruct(X)).all()
    assert (found.latent == model.encode(X)).all()
    np.testing.assert_allclose(found.probabilities, found.reconstruction, atol=1e-6)
    mask = np.ones(X.shape, bool)
    mask[:, 1] = False
    other = X.copy()
    other[:, 1] = 1 - X[:, 1]
    hidden = vaex.predict(model, X, mask=mask)
    again = vaex.predict(model, other, mask=mask)
    assert (hidden.reconstruction == again.reconstruction).all()
    with pytest.raises(InputError, match=r"x must have shape \[N, 3\]"):
        vaex.predict(model, X[:, :2])


def test_an_estimator_has_methods_of_its_own(monkeypatch):
    monkeypatch.setattr("vaex.predictions.load", lambda path: X)
    with pytest.raises(InputError, match="got detector, which holds a ndarray; vaex.l"):
        vaex.predict("detector", X)


@pytest.mark.slow
def test_of_classes_and_of_numbers():
    classes = vaex.predict(small(Categorical((3,), num_classes=4)), X)
    assert classes.probabilities.shape == (300, 3, 4)
    np.testing.assert_allclose(classes.probabilities.sum(-1), 1.0, rtol=1e-5)
    assert (classes.probabilities.argmax(-1) == classes.reconstruction).all()
    assert vaex.predict(small(Gaussian((3,))), X).probabilities is None
