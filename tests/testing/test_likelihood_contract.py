"""The contract can fail: heads that are wrong in one way fail what they should."""

import numpy as np
import pytest
from scipy import stats

from tests.testing.wrong_heads import (
    AnythingGoes,
    CheapAtLogit100,
    CountsHidden,
    CutThrough,
    DependsOnTheBatch,
    DoubledGradient,
    FilledIn,
    ForgottenError,
    FreeAtLogit100,
    GradientNaNAtZero,
    HalfPrecision,
    LeakyMask,
    LossWithDensity,
    NotItsDistribution,
    ShiftedMean,
    UnequalToItself,
    Unnormalised,
    Untrainable,
    WideSampler,
    WrongEntropy,
    WrongMode,
    WrongProbability,
    WrongVariance,
    binary,
    gaussian,
)
from vaex.likelihoods.gaussian import Gaussian
from vaex.testing import check_likelihood
from vaex.testing._outcome import tried
from vaex.testing._subject import subjects
from vaex.testing.likelihood_contract import properties

MASS = "total_mass_is_one"
SAMPLES = "samples_follow_log_prob"
FIT = "maximum_likelihood_finds_the_distribution"
SLOPES = "gradients_agree_with_finite_differences"
EXTREMES = "extreme_parameters_give_numbers"
COST = "a_wrong_value_keeps_its_cost"
HIDDEN = "hidden_cells_count_nothing"

WRONG = [
    (gaussian("NoConstant", Unnormalised), {MASS}),
    (LeakyMask, {HIDDEN}),
    (binary("Free", FreeAtLogit100), {COST}),
]
MORE = [
    (gaussian("TooWide", WideSampler), {SAMPLES}),
    (gaussian("BadMean", ShiftedMean), {"mean_is_that_of_the_distribution"}),
    (GradientNaNAtZero, {EXTREMES}),
    (DoubledGradient, {SLOPES}),
    (binary("Cheap", CheapAtLogit100), {COST}),
    (gaussian("BadVariance", WrongVariance), {"variance_is_that_of_the_distribution"}),
    (gaussian("BadEntropy", WrongEntropy), {"entropy_is_that_of_the_distribution"}),
    (gaussian("BadMode", WrongMode), {"mode_is_most_probable"}),
    (gaussian("Raises", ForgottenError), {"what_cannot_be_stated_is_refused"}),
    (binary("BadProbs", WrongProbability), {"probabilities_are_those_of_values"}),
    (FilledIn, {"hiding_a_cell_marginalises_it"}),
    (CutThrough, {"a_mask_through_a_joint_part_is_refused"}),
    (AnythingGoes, {"values_outside_the_support_are_refused"}),
    (UnequalToItself, {"equal_heads_share_one_trace"}),
    (LossWithDensity, {"a_loss_has_no_probability"}),
    (CountsHidden, {"calibration_adds_up_over_examples"}),
    (DependsOnTheBatch, {"jit_vmap_and_loop_agree"}),
    (Untrainable, {FIT, SLOPES}),
]


# What is wrong with them shows in most of what is measured.
WRONG_AT_MORE = [
    (HalfPrecision, {"half_precision_features_give_float32"}),
    (NotItsDistribution, {"dimensions_sum_to_log_prob", SAMPLES}),
]


def failures(head):
    (subject,) = subjects(head, [(2,)])
    outcomes = [tried(check.__name__, check, subject) for check in properties()]
    return {o.name: o.detail for o in outcomes if o.verdict == "failed"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    WRONG + [pytest.param(*pair, marks=pytest.mark.slow) for pair in MORE],
    ids=lambda part: part.__name__ if isinstance(part, type) else "",
)
def test_a_wrong_head_fails_what_it_should(kind, expected):
    found = failures(kind)
    assert set(found) == expected, found


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "expected"), WRONG_AT_MORE)
def test_a_very_wrong_head_fails_what_it_should(kind, expected):
    assert expected <= set(failures(kind))


def test_failures_are_listed_with_numbers(capsys):
    kind = gaussian("NoConstant", Unnormalised)
    with pytest.raises(AssertionError, match=r"(?s)^1 .*total mass is one: mass 2.5"):
        check_likelihood(kind, event_shapes=[(2,)])
    printed = capsys.readouterr().out
    assert "NoConstant, event_shape (2,)" in printed
    assert "failed         total mass is one" in printed
    assert "ok             samples follow log prob" in printed


@pytest.mark.slow
def test_a_reference_tells_one_density_from_another():
    def twin(raw, x):
        scale = 1e-3 + np.logaddexp(0, raw[..., 1])
        return stats.norm(raw[..., 0], scale).logpdf(x)

    def other(raw, x):
        return stats.norm(raw[..., 0], 2e-3 + np.logaddexp(0, raw[..., 1])).logpdf(x)

    head = Gaussian((2,))
    check_likelihood(head, reference=twin, verbose=False)
    with pytest.raises(AssertionError, match="log prob is that of the reference"):
        check_likelihood(head, reference=other, verbose=False)
