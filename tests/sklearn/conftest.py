"""Small fitted estimators, shared by the tests of this folder."""

import numpy as np
import pytest

SMALL = {
    "hidden": (4,),
    "latent_dim": 2,
    "num_steps": 100,
    "learning_rate": 0.03,
    "random_state": 0,
}
"""The least that is a model and better than independent columns; one structure, so that
its programs compile once."""

QUICK = {**SMALL, "likelihood": "Gaussian"}
"""With a head that compiles in half of the time; the slow tests have the default."""


def correlated(count: int, seed: int = 0, columns: int = 5) -> np.ndarray:
    """Rows near a plane, in units of their own."""
    generator = np.random.default_rng(seed)
    basis = np.random.default_rng(99).normal(size=(2, columns))
    x = generator.normal(size=(count, 2)) @ basis
    x += 0.2 * generator.normal(size=x.shape)
    return x * np.geomspace(0.1, 100.0, columns) + 7.0


@pytest.fixture(scope="session")
def x():
    return correlated(60)


@pytest.fixture(scope="session")
def detector(x):
    from vaex.sklearn.detector import VAEDetector

    found = VAEDetector(**QUICK, num_models=2, num_samples=4).fit(x)
    for loss, bare in zip(found.held_out_loss_, found.independent_loss_, strict=True):
        assert loss < bare
    return found
