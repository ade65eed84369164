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


@pytest.mark.parametrize("likelihood", [None, "SharedScaleGaussian"])
def test_the_density_of_a_linear_gaussian_is_near_the_exact_one(likelihood):
    x, _ = linear_gaussian(2000, 0)
    new, exact = linear_gaussian(500, 1)
    model = VAEDensity(
        latent_dim=2, hidden=(32,), likelihood=likelihood, random_state=0
    ).fit(x)
    gap = exact - model.score_samples(new)
    # What is lost is KL(exact || model), estimated with a standard error of some 0.02.
    # PCA fitted to the same rows loses 0.006; the networks are given 0.15 nats of 14.
    pca = PCA(2).fit(x)
    assert (exact - pca.score_samples(new)).mean() < 0.05
    assert -0.02 < gap.mean() < 0.15
    assert np.corrcoef(exact, model.score_samples(new))[0, 1] > 0.99
    drawn = model.sample(4000, random_state=0)
    expected = np.cov(x.T)
    size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    # 3 standard errors of a correlation-like number of 4000 draws are 0.07.
    np.testing.assert_allclose(np.cov(drawn.T) / size, expected / size, atol=0.12)


def test_missing_cells_of_a_linear_gaussian():
    x, _ = linear_gaussian(1000, 0)
    hidden = np.random.default_rng(2).random(x.shape) < 0.2
    holes = np.where(hidden, np.nan, x)
    model = VAEImputer(latent_dim=2, hidden=(32,), random_state=0).fit(holes)
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
    assert error(found) < 1.1 * error(best)
    assert error(found) < 0.5 * error(SimpleImputer().fit_transform(holes))

    # Draws have the spread of the residuals: multiple imputation is proper.
    model.set_params(sample_posterior=True, random_state=None)
    drawn = model.transform(holes)
    assert (drawn != model.transform(holes)).any()
    assert error(drawn) == pytest.approx(np.sqrt(2) * error(best), rel=0.12)


def test_few_labels_of_digits():
    x, y = load_digits(return_X_y=True)
    generator = np.random.default_rng(0)
    order = generator.permutation(len(x))
    train, test = order[:1300], order[1300:]
    labels = np.full(len(train), -1)
    for digit in range(10):
        rows = np.flatnonzero(y[train] == digit)[:5]
        labels[rows] = digit
    model = VAEClassifier(
        hidden=(64,), latent_dim=8, num_steps=1000, random_state=0
    ).fit(x[train], labels)
    found = (model.predict(x[test]) == y[test]).mean()
    known = labels >= 0
    alone = LogisticRegression(max_iter=1000).fit(x[train][known], labels[known])
    assert model.classes_.tolist() == list(range(10))
    assert found > 0.85
    assert found > alone.score(x[test], y[test]) + 0.02
