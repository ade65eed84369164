"""What the estimators find, against exact answers and simple baselines."""

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression

from vaex.sklearn.classifier import VAEClassifier
from vaex.sklearn.density import VAEDensity
from vaex.sklearn.imputer import VAEImputer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sklearn")]


def linear_gaussian(count, seed):
    """Rows of probabilistic PCA, and their exact log-densities."""
    weights = np.random.default_rng(5).normal(size=(6, 2)) * 3.0
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, 2)) @ weights.T + generator.normal(
        size=(count, 6)
    )
    exact = stats.multivariate_normal(
        np.zeros(6), weights @ weights.T + np.eye(6)
    ).logpdf(x)
    return x, exact


FAST = {"latent_dim": 2, "hidden": (32,), "learning_rate": 1e-2, "random_state": 0}
"""Good enough in a thousand steps."""


def test_the_density_of_a_linear_gaussian_is_near_the_exact_one():
    x, _ = linear_gaussian(2000, 0)
    new, exact = linear_gaussian(500, 1)
    head = "PerDimensionScaleGaussian"  # holds the exact density
    model = VAEDensity(**FAST, likelihood=head, num_steps=1500).fit(x)
    gap = exact - model.score_samples(new)
    # What is lost is KL(exact || model). PCA, which has the right form, loses less than
    # 0.02 nats by its 2000 rows; networks that learn the form too are given 0.15.
    assert abs((exact - PCA(2).fit(x).score_samples(new)).mean()) < 0.02
    assert -0.05 < gap.mean() < 0.15
    assert np.sqrt(np.mean(gap**2)) < 0.4 * exact.std()
    drawn = model.sample(4000, random_state=0)
    expected = np.cov(x.T)
    size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    # 3 standard errors of a correlation-like number of 4000 draws are 0.07.
    np.testing.assert_allclose(np.cov(drawn.T) / size, expected / size, atol=0.12)


def test_missing_cells_of_a_linear_gaussian():
    x, _ = linear_gaussian(1000, 0)
    hidden = np.random.default_rng(2).random(x.shape) < 0.2
    holes = np.where(hidden, np.nan, x)
    model = VAEImputer(**FAST, num_steps=700, num_samples=64).fit(holes)
    found = model.transform(holes)
    assert (found[~hidden] == x[~hidden]).all()

    def error(filled):
        return np.sqrt(np.mean((filled - x)[hidden] ** 2))

    # The conditional mean of a normal with the true covariance is the least there is.
    weights = np.random.default_rng(5).normal(size=(6, 2)) * 3.0
    covariance = weights @ weights.T + np.eye(6)
    best = x.copy()
    for row, mask in zip(best, hidden, strict=True):
        seen = ~mask
        if mask.any():
            factor = np.linalg.solve(
                covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, mask)]
            )
            row[mask] = row[seen] @ factor
    # A tenth more after 5000 steps, which are not spent here.
    assert error(found) < 1.2 * error(best)
    assert error(found) < 0.5 * error(SimpleImputer().fit_transform(holes))

    # Draws have the spread of the residuals: multiple imputation is proper.
    model.set_params(sample_posterior=True, random_state=None)
    drawn = model.transform(holes)
    assert (drawn != model.transform(holes)).any()
    assert error(drawn) == pytest.approx(np.sqrt(2) * error(found), rel=0.12)


def test_few_labels_of_digits():
    x, y = load_digits(return_X_y=True)
    x = x.reshape(-1, 8, 4, 2).mean(3).reshape(-1, 32)  # half the pixels: faster
    generator = np.random.default_rng(0)
    order = generator.permutation(len(x))
    train, test = order[:1300], order[1300:]
    labels = np.full(len(train), -1)
    for digit in range(10):
        rows = np.flatnonzero(y[train] == digit)[:5]
        labels[rows] = digit
    model = VAEClassifier(
        hidden=(64,),
        latent_dim=8,
        likelihood="Gaussian",
        batch_size=64,
        num_steps=1000,
        learning_rate=5e-3,
        random_state=0,
    ).fit(x[train], labels)
    found = (model.predict(x[test]) == y[test]).mean()
    known = labels >= 0
    alone = LogisticRegression(max_iter=1000).fit(x[train][known], labels[known])
    assert model.classes_.tolist() == list(range(10))
    assert found > 0.82
    assert found > alone.score(x[test], y[test]) + 0.02
