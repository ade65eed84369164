"""scikit-learn's own checks."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.sklearn.conftest import QUICK
from vaex.sklearn.classifier import VAEClassifier
from vaex.sklearn.density import VAEDensity
from vaex.sklearn.detector import VAEDetector
from vaex.sklearn.imputer import VAEImputer
from vaex.sklearn.transformer import VAETransformer

pytestmark = [
    # scikit-learn leaves out a check that needs SCIPY_ARRAY_API.
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
    pytest.mark.xdist_group("sklearn"),
]


# What is checked does not depend on how good a model is, but for the classifier, whose
# accuracy on blobs is.
@parametrize_with_checks([VAETransformer(**QUICK)])
def test_the_transformer_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        VAEClassifier(**QUICK | {"num_steps": 100, "learning_rate": 0.02}),
        VAEDensity(**QUICK, num_samples=2),
        VAEDetector(**QUICK, num_samples=2, num_models=2),
        VAEImputer(**QUICK, num_samples=2, num_importance=1),
    ]
)
def test_estimators_pass_the_checks_of_scikit_learn(estimator, check):
    check(estimator)
