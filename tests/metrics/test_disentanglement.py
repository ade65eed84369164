"""Metrics of representations whose score is known, by hand or by enumeration."""

import functools

import numpy as np
import pytest
from scipy import stats
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.tree import DecisionTreeClassifier

from vaex.errors import InputError
from vaex.metrics.attribute_predictability import separated_predictability
from vaex.metrics.disentanglement_suite import NAMES, disentanglement_scores
from vaex.metrics.factor_importance import (
    completeness_of,
    dci,
    disentanglement_of,
)
from vaex.metrics.fixed_factor_differences import beta_vae_score
from vaex.metrics.fixed_factor_variances import factor_vae_score
from vaex.metrics.information_gap import mutual_information_gap
from vaex.metrics.modular_codes import modularity, modularity_of

SCORES = (
    beta_vae_score,
    factor_vae_score,
    mutual_information_gap,
    separated_predictability,
    modularity,
)


def grid(*sizes: int, times: int) -> np.ndarray:
    """The full grid of factors, each combination so many times."""
    return np.tile(np.indices(sizes).reshape(len(sizes), -1).T, (times, 1))


PERFECT = grid(3, 2, 4, times=10)
EQUAL = grid(4, 4, times=20)
ROTATED = EQUAL @ np.array([[1, 1], [1, -1]]) / np.sqrt(2)


def few_trees(seed):
    return GradientBoostingClassifier(n_estimators=10, random_state=seed)


@functools.cache
def noise() -> tuple[np.ndarray, np.ndarray]:
    return np.random.default_rng(0).normal(size=(1200, 3)), grid(2, 4, 3, times=50)


@pytest.mark.parametrize("score", SCORES)
def test_factors_themselves_in_any_order_sign_and_scale(score):
    codes = PERFECT[:, [2, 0, 1]] * np.array([-1e-3, 1e3, 2.0]) + 7.0
    assert score(codes, PERFECT) == pytest.approx(1.0, abs=1e-12)


def test_dci_of_factors_themselves():
    factors = grid(3, 2, times=20)
    found = dci(-1e3 * factors[:, ::-1], factors)
    assert found[:3] == pytest.approx((1.0, 1.0, 1.0), abs=1e-9)
    np.testing.assert_allclose(found.importance, [[0, 1], [1, 0]], atol=1e-9)


@pytest.mark.parametrize("score", [beta_vae_score, factor_vae_score])
def test_examples_alone_with_their_value_do_not_count(score):
    """They agree with themselves in every code, and would tell nothing of any."""
    first = np.r_[np.arange(2, 60), np.repeat([0, 1], 60)]
    factors = np.stack([first, np.arange(len(first)) % 2], 1)
    assert score(factors[:, ::-1] * 1.0, factors) > 0.97


@pytest.mark.parametrize(
    ("score", "expected", "error"),
    [
        # Fixing either factor leaves both codes with the same spread: a coin is tossed
        # on 500 votes, of which 400, of standard error 0.022 and 0.025; four of them.
        (beta_vae_score, 0.5, 0.09),
        (factor_vae_score, 0.5, 0.1),
        # Equal by symmetry, and counted exactly on the full grid.
        (mutual_information_gap, 0.0, 1e-12),
        (modularity, 0.0, 1e-12),
        # Halves are not symmetric: 160 rows, balanced accuracies of error 0.04.
        (separated_predictability, 0.0, 0.12),
    ],
)
def test_two_equal_factors_turned_by_45_degrees(score, expected, error):
    assert score(ROTATED, EQUAL) == pytest.approx(expected, abs=error)


def test_dci_of_two_equal_factors_turned_by_45_degrees():
    factors = grid(3, 3, times=30)
    codes = factors @ np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    found = dci(codes, factors, classifier=few_trees)
    # Which code a tree splits first is a matter of the half that it has seen, and the
    # first has more to gain: 1/3 and 2/3 instead of 1/2, whose entropy leaves 0.08.
    np.testing.assert_allclose(found.importance, 0.5, atol=0.2)
    assert found.disentanglement == pytest.approx(0.0, abs=0.12)
    assert found.completeness == pytest.approx(0.0, abs=0.12)
    assert found.informativeness == 1.0  # nothing is lost by turning


def test_a_code_twice():
    factors = grid(3, 4, times=20)
    codes = factors[:, [0, 0, 1]] * np.array([1.0, -2.0, 1.0])
    assert mutual_information_gap(codes, factors) == pytest.approx(0.5, abs=1e-12)
    assert separated_predictability(codes, factors) == pytest.approx(0.5)
    assert modularity(codes, factors) == pytest.approx(1.0)
    assert beta_vae_score(codes, factors) == factor_vae_score(codes, factors) == 1.0


def test_dci_of_a_code_twice():
    factors = grid(2, 3, times=20)
    found = dci(factors[:, [0, 0, 1]] * 1.0, factors, classifier=few_trees)
    assert found.disentanglement == pytest.approx(1.0)
    assert found.importance[:2, 0].sum() == pytest.approx(1.0)
    both = found.importance[:2, 0]
    known = 1 - stats.entropy(both) / np.log(3)
    assert found.completeness == pytest.approx((known + 1) / 2)


def test_a_factor_without_a_code():
    """The flaw of the beta-VAE metric that Kim and Mnih report, and what others say."""
    codes = PERFECT[:, :2] * 1.0
    assert beta_vae_score(codes, PERFECT) > 0.98
    # Votes under the third fall on either code: a third of all is lost, 400 votes.
    assert factor_vae_score(codes, PERFECT) == pytest.approx(2 / 3, abs=0.1)
    assert mutual_information_gap(codes, PERFECT) == pytest.approx(2 / 3, abs=1e-12)
    assert separated_predictability(codes, PERFECT) == pytest.approx(2 / 3, abs=0.06)
    assert modularity(codes, PERFECT) == pytest.approx(1.0)


def test_noise_has_chance():
    codes, factors = noise()
    # Standard errors 0.021 and 0.024 of 500 and 400 votes.
    assert beta_vae_score(codes, factors) == pytest.approx(1 / 3, abs=0.09)
    assert factor_vae_score(codes, factors) == pytest.approx(1 / 3, abs=0.1)
    # Counting errs by (19)(3) / (2 * 1200) nats at most, of which a difference is left.
    assert mutual_information_gap(codes, factors) < 0.01
    assert separated_predictability(codes, factors) < 0.06


def test_what_was_learned_by_heart_does_not_count():
    """The other half is scored: a tree that knows its own half knows nothing of it."""
    codes, factors = noise()

    def tree(seed):
        return DecisionTreeClassifier(random_state=seed)

    chosen = codes[:400], factors[:400, :1]
    whole = tree(0).fit(*chosen)
    assert whole.score(*chosen) == 1.0
    # 200 tosses of a coin, four standard errors.
    assert dci(*chosen, classifier=tree).informativeness == pytest.approx(0.5, abs=0.14)


def continuous() -> tuple[np.ndarray, np.ndarray]:
    factors = grid(3, 4, times=25)
    random = np.random.default_rng(1)
    mixed = factors @ random.normal(size=(2, 3))
    return mixed + 1.5 * random.normal(size=mixed.shape), factors


@pytest.mark.parametrize("score", SCORES)
def test_order_sign_and_scale_of_codes_change_nothing(score):
    codes, factors = continuous()
    moved = codes[:, [2, 0, 1]] * np.array([-7.0, 0.01, -1e4]) + np.array([1, -5, 3])
    assert score(moved, factors) == pytest.approx(score(codes, factors), abs=1e-9)
    assert 0.05 < score(codes, factors) < 0.99  # it could have changed


def test_a_constant_is_no_code_although_its_deviation_is_rounding():
    codes, factors = continuous()
    more = np.hstack([np.full((len(codes), 1), 0.1), codes])
    assert 0 < more.std(0)[0] < 1e-15
    assert factor_vae_score(more, factors) == factor_vae_score(codes, factors)


def test_mig_of_a_joint_table():
    """A bit told rightly 3 times of 4, a copy of it told 5 times of 8, and noise."""
    bit = np.repeat([0, 1], 32)
    rank = np.tile(np.arange(32), 2)
    codes = np.stack([bit ^ (rank < 8), bit ^ (rank < 12), rank % 2], 1)
    half = np.log(2) - stats.entropy([0.25, 0.75])
    next_best = np.log(2) - stats.entropy([0.375, 0.625])
    found = mutual_information_gap(codes, bit[:, None])
    assert found == pytest.approx((half - next_best) / np.log(2), abs=1e-12)
    assert mutual_information_gap(codes[:, :1], bit[:, None]) == pytest.approx(
        half / np.log(2)
    )


def test_dci_of_importances():
    importance = np.random.default_rng(4).dirichlet(np.ones(4), 3).T  # [4, 3]
    weight = importance.sum(1)
    rows = 1 - stats.entropy(importance, axis=1, base=3)
    expected = (weight * rows).sum() / weight.sum()
    assert disentanglement_of(importance) == pytest.approx(expected)
    columns = 1 - stats.entropy(importance, axis=0, base=4)
    assert completeness_of(importance) == pytest.approx(columns.mean())
    assert (
        disentanglement_of(np.zeros((2, 2))) == completeness_of(np.zeros((2, 2))) == 0
    )


def test_modularity_of_information():
    # (1 - (1 + 4) / (2 * 9) + 1 - (0.25 + 0.25) / (2 * 0.25)) / 2 by hand
    table = np.array([[1.0, 3.0, 2.0], [0.5, 0.5, 0.5], [0.0, 0.0, 0.0]])
    assert modularity_of(table) == pytest.approx((1 - 5 / 18 + 0) / 2)
    assert modularity_of(np.zeros((2, 3))) == 0.0


def test_a_line_predicts_what_is_linear():
    random = np.random.default_rng(5)
    factors = random.integers(0, 5, (4000, 1))
    codes = factors + random.normal(size=(4000, 1))
    # R^2 of a line is Var v / (Var v + Var noise) = 2 / 3, standard error 0.013.
    found = separated_predictability(codes, factors, linear=(0,))
    assert found == pytest.approx(2 / 3, abs=0.05)


def test_collapsed_codes_are_left_out():
    codes, factors = continuous()
    thin = np.concatenate([codes, 1e-3 * factors[:, :1], np.zeros((300, 1))], 1)
    options = {"repeats": 2, "min_deviation": 0.05, "classifier": few_trees}
    found = disentanglement_scores(thin, factors, **options)
    alone = disentanglement_scores(codes, factors, **options)
    active = found.pop("active_codes")
    assert (active["value"], active["of"]) == (3, 5)
    assert alone.pop("active_codes")["of"] == 3
    assert found == alone
    assert set(found) == set(NAMES)
    for score in found.values():
        assert 0 <= score["value"] <= 1
        assert 0 <= score["se"] < 0.2
    assert found["beta_vae"]["chance"] == 0.5
    assert found["dci_informativeness"]["chance"] == pytest.approx((1 / 3 + 1 / 4) / 2)
    nothing = disentanglement_scores(1e-3 * codes, factors, min_deviation=0.05)
    assert nothing["active_codes"]["value"] == 0
    assert nothing["mig"]["value"] is None
    assert "standard deviation of 0.05 or more" in nothing["mig"]["reason"]


def test_the_bootstrap_knows_how_far_mig_is_off():
    """Its standard error against the spread over 60 samples of the same law."""
    random = np.random.default_rng(6)

    def sample():
        factors = random.integers(0, 3, (300, 2))
        codes = factors + random.normal(size=(300, 2))
        return codes, factors

    values = [mutual_information_gap(*sample()) for _ in range(60)]
    from vaex.metrics.disentanglement_suite import _informed

    errors = [_informed(*sample(), 20, 0)[0]["se"] for _ in range(3)]
    # A standard deviation of 60 values has a relative error of 0.09.
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.35)


@pytest.mark.parametrize(
    ("codes", "factors", "message"),
    [
        (np.zeros(3), np.zeros((3, 1), int), r"codes must be \[N, D\] numbers"),
        (np.full((3, 1), np.nan), np.zeros((3, 1), int), "finite, got 3 of 3 rows"),
        (np.zeros((3, 1)), np.zeros((3, 1)), r"factors must be \[N, F\] integers"),
        (np.zeros((3, 1)), np.zeros((4, 1), int), "got 3 and 4 rows"),
        (np.zeros((3, 1)), np.zeros((3, 1), int), "factor 0 must take at least two"),
    ],
)
def test_what_does_not_fit(codes, factors, message):
    for score in (*SCORES, dci, disentanglement_scores):
        with pytest.raises(InputError, match=message):
            score(codes, factors)


def test_too_few_examples():
    factors = np.arange(6)[:, None]
    codes = factors * 1.0
    with pytest.raises(InputError, match="too few to be halved: factor 0 has 6 values"):
        dci(codes, factors)
    pair = np.concatenate([factors, factors], 1)
    with pytest.raises(InputError, match="two examples of one value at least"):
        beta_vae_score(codes, pair)
    with pytest.raises(InputError, match="votes must be an integer of at least 10"):
        factor_vae_score(codes, pair, votes=3)
