"""What the raw numbers of each head mean, by twins in float64; and its arguments."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
import pytest
from scipy import special, stats

from tests.contracts.compiled import quick_jit
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.likelihoods.binomial import Binomial
from vaex.likelihoods.categorical import Categorical
from vaex.likelihoods.continuous_bernoulli import ContinuousBernoulli
from vaex.likelihoods.discretized_logistic import DiscretizedLogistic
from vaex.likelihoods.fixed_scale_gaussian import FixedScaleGaussian
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.likelihoods.shared_scale_gaussian import SharedScaleGaussian

RAW_SCALE = 0.7


def softplus(x):
    return np.logaddexp(0.0, x)


def continuous_bernoulli(raw, x):
    """C(lambda) lambda^x (1 - lambda)^(1 - x), as the paper has it."""
    share = special.expit(raw[..., 0])
    constant = 2 * np.arctanh(1 - 2 * share) / (1 - 2 * share)
    return np.log(constant) + x * np.log(share) + (1 - x) * np.log1p(-share)


def discretized_logistic(raw, x):
    twin = stats.logistic(2 * (1 + raw[..., 0]), 0.05 + 2 * softplus(raw[..., 1]))
    upper = np.where(x == 4, 1.0, twin.cdf(x + 0.5))
    return np.log(upper - np.where(x == 0, 0.0, twin.cdf(x - 0.5)))


def categorical(raw, x):
    return special.log_softmax(raw, -1)[np.arange(len(raw)), x.astype(int)]


def gaussian(raw, x):
    return stats.norm(raw[..., 0], 0.01 + softplus(raw[..., 1])).logpdf(x)


class Case(NamedTuple):
    head: Likelihood
    twin: Callable[[np.ndarray, np.ndarray], np.ndarray]
    values: tuple[float, ...]


CASES = [
    Case(
        Bernoulli(),
        lambda raw, x: stats.bernoulli(special.expit(raw[..., 0])).logpmf(x),
        (0, 1),
    ),
    Case(
        Binomial(total_count=4),
        lambda raw, x: stats.binom(4, special.expit(raw[..., 0])).logpmf(x),
        (0, 1, 4),
    ),
    Case(Categorical(num_classes=3), categorical, (0, 1, 2)),
    Case(ContinuousBernoulli(), continuous_bernoulli, (0.0, 0.3, 1.0)),
    Case(DiscretizedLogistic(num_classes=5), discretized_logistic, (0, 2, 4)),
    Case(
        FixedScaleGaussian(scale=0.5),
        lambda raw, x: stats.norm(raw[..., 0], 0.5).logpdf(x),
        (-1.0, 0.2),
    ),
    Case(Gaussian(min_scale=0.01), gaussian, (-1.0, 0.2)),
    Case(
        SharedScaleGaussian(),
        lambda raw, x: stats.norm(raw[..., 0], 1e-3 + softplus(RAW_SCALE)).logpdf(x),
        (-1.0, 0.2),
    ),
    Case(MeanSquaredError(), lambda raw, x: -((x - raw[..., 0]) ** 2), (-1.0, 0.2)),
]


def test_raw_numbers_stand_for_the_stated_parameters():
    """[values, draws] of every head, in one program."""
    random = np.random.default_rng(0)
    raws = [2 * random.normal(size=(6, case.head.num_params)) for case in CASES]
    xs = [np.array(case.values, np.float32)[:, None] for case in CASES]

    def score(module, raw, x):
        return module.score(module.elements(None, raw=raw), x, None, train=False)

    @quick_jit
    def everything(raws, xs):
        params = {"params": {"raw_scale": RAW_SCALE}}
        return [
            case.head.apply(params, raw, x, method=score)
            for case, raw, x in zip(CASES, raws, xs, strict=True)
        ]

    found = everything([raw.astype(np.float32) for raw in raws], xs)
    for case, raw, x, actual in zip(CASES, raws, xs, found, strict=True):
        expected = case.twin(raw.astype(np.float32).astype(np.float64), x)
        np.testing.assert_allclose(
            actual, expected, rtol=2e-5, atol=1e-5, err_msg=type(case.head).__name__
        )


def test_at_zero_a_head_on_levels_stands_in_their_middle():
    head = DiscretizedLogistic((1,), num_classes=256)
    params = {"projection": {"kernel": np.zeros((3, 2)), "bias": np.zeros(2)}}
    mean = quick_jit(
        lambda p: head.apply({"params": p}, np.zeros((1, 3)), method="mean")
    )(params)
    # The mean is a sum over 256 levels in float32.
    np.testing.assert_allclose(mean, 127.5, rtol=1e-5)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (Binomial, {"total_count": 0}),
        (Categorical, {"num_classes": 1}),
        (DiscretizedLogistic, {"num_classes": 1}),
        (FixedScaleGaussian, {"scale": 0.0}),
        (FixedScaleGaussian, {"scale": float("nan")}),
        (Gaussian, {"min_scale": -1.0}),
        (Gaussian, {"min_scale": float("nan")}),
        (Gaussian, {"event_shape": (2.0,)}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else value.__name__,
)
def test_arguments_that_cannot_work_are_refused(kind, arguments):
    (name, value), *_ = arguments.items()
    with pytest.raises(InputError, match=f"{name} must") as caught:
        kind(**arguments)
    assert str(value) in str(caught.value)


def test_probabilities_are_those_of_the_logits():
    raw = np.array([[-1.0], [2.0]], np.float32)

    def binary(features):
        params = {"projection": {"kernel": np.eye(1), "bias": np.zeros(1)}}
        return Bernoulli((1,)).apply(
            {"params": params}, features, method="probabilities"
        )

    np.testing.assert_allclose(quick_jit(binary)(raw), special.expit(raw), rtol=1e-6)
    with pytest.raises(ValueError, match="Gaussian is not made of logits; use `mean`"):
        jax.eval_shape(
            lambda key: Gaussian((1,)).init_with_output(
                key, raw, method="probabilities"
            ),
            jax.random.key(0),
        )
