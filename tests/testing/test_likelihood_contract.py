"""The contract can fail: heads that are wrong in one way fail what they should."""

import distrax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from vaex.distributions.bernoulli import Bernoulli as BernoulliDistribution
from vaex.distributions.point_prediction import PointPrediction
from vaex.likelihoods.base import Likelihood, positive, support
from vaex.likelihoods.gaussian import Gaussian
from vaex.testing import check_likelihood
from vaex.testing._outcome import tried
from vaex.testing._subject import subjects
from vaex.testing.likelihood_contract import properties


class Normal(distrax.Normal):
    """As distrax has it; below, wrong in one way each."""


class Unnormalised(Normal):
    def log_prob(self, value):
        return -0.5 * ((value - self.loc) / self.scale) ** 2 - jnp.log(self.scale)

    def entropy(self):
        raise NotImplementedError


class WideSampler(Normal):
    def _sample_n(self, key, n):
        return self.loc + 1.1 * self.scale * jax.random.normal(
            key, (n, *self.batch_shape)
        )


class ShiftedMean(Normal):
    def mean(self):
        return self.loc + 0.01

    def mode(self):
        return self.loc


class WrongVariance(Normal):
    def variance(self):
        return self.scale


class WrongEntropy(Normal):
    def entropy(self):
        return jnp.log(self.scale)


class WrongMode(Normal):
    def mode(self):
        return self.loc + 0.1 * self.scale


class ForgottenError(Normal):
    def mean(self):
        raise TypeError("not a refusal")


def gaussian(name, kind):
    """A head like `Gaussian`, made of another distribution."""

    def distribution(self, loc, raw_scale):
        return kind(loc, positive(raw_scale, self.min_scale))

    return type(name, (Likelihood,), {"num_params": 2, "distribution": distribution})


class DoubledGradient(Likelihood):
    num_params = 2

    def distribution(self, loc, raw_scale):
        loc = 2 * loc - jax.lax.stop_gradient(loc)
        return distrax.Normal(loc, positive(raw_scale, self.min_scale))


class GradientNaNAtZero(Likelihood):
    num_params = 2

    def distribution(self, loc, raw_scale):
        return distrax.Normal(
            loc, positive(raw_scale, 0.1) + jnp.sqrt(1e-9 * raw_scale**2)
        )


class LeakyMask(Likelihood):
    """The fewer cells are shown, the better they look."""

    def distribution(self, loc):
        return distrax.Normal(loc, jnp.ones_like(loc))

    def score(self, elements, x, mask, *, train):
        hidden = 0.0 if mask is None else (~mask).sum(-1, keepdims=True)
        return elements.log_prob(x) + hidden


class FilledIn(Likelihood):
    """Scores jointly, and takes hidden cells for what stands in their place."""

    num_params = 2
    attribution_shape = ()
    marginalizes = True

    def from_raw(self, raw):
        loc, scale = raw[..., 0], positive(raw[..., 1], 0.3)
        axes = len(self.event_shape)
        return distrax.Independent(distrax.Normal(loc, scale), axes)


class CutThrough(Likelihood):
    """Scores jointly, but lets masks cut through it."""

    attribution_shape = ()
    marginalizes = False

    def check_values(self, values, mask):
        hidden = np.zeros(values.shape, bool) if mask is None else ~mask
        super().check_values(np.where(hidden, 0.0, values), None)

    def from_raw(self, raw):
        p = distrax.Normal(raw[..., 0], jnp.ones_like(raw[..., 0]))
        return distrax.Independent(p, len(self.event_shape))


class FreeAtLogit100(BernoulliDistribution):
    """log(0) guarded by 0: a wrong pixel at logit 100 costs 0 nats."""

    def log_prob(self, value):
        p = jax.nn.sigmoid(jnp.where(value == 1, self._logits, -self._logits))
        return jnp.where(p > 1e-30, jnp.log(jnp.where(p > 1e-30, p, 1.0)), 0.0)


class CheapAtLogit100(BernoulliDistribution):
    """Probabilities clipped to 1e-7: a wrong pixel at logit 100 costs 16 nats."""

    def log_prob(self, value):
        p = jax.nn.sigmoid(jnp.where(value == 1, self._logits, -self._logits))
        return jnp.log(jnp.clip(p, 1e-7, 1.0))


class WrongProbability(BernoulliDistribution):
    def __init__(self, logits):
        super().__init__(logits)
        self._own = BernoulliDistribution(logits)

    @property
    def probs(self):
        return 0.9 * self._own.probs

    def mean(self):
        return self._own.mean()

    def variance(self):
        return self._own.variance()

    def entropy(self):
        return self._own.entropy()

    def _sample_n(self, key, n):
        return self._own.sample(seed=key, sample_shape=n)


def binary(name, kind):
    def distribution(self, logits):
        return kind(logits)

    constants = {"support": support.binary, "distribution": distribution}
    return type(name, (Likelihood,), constants)


class AnythingGoes(Likelihood):
    """A support that holds NaN."""

    support = support.Support("all there is", lambda x: np.ones(x.shape, bool))

    def distribution(self, loc):
        return distrax.Normal(loc, jnp.ones_like(loc))


class DependsOnTheBatch(Likelihood):
    def distribution(self, loc):
        axis = -1 - len(self.event_shape)
        loc = loc - (loc.mean(axis, keepdims=True) if loc.ndim > 1 else 0.0)
        return distrax.Normal(loc, jnp.ones_like(loc))


class HalfPrecision(Likelihood):
    def distribution(self, loc):
        return distrax.Normal(loc, jnp.ones_like(loc))

    def score(self, elements, x, mask, *, train):
        return elements.log_prob(x).astype(jnp.bfloat16)


class UnequalToItself(Likelihood):
    def __hash__(self):
        return id(self)

    def __eq__(self, other):
        return self is other

    def distribution(self, loc):
        return distrax.Normal(loc, jnp.ones_like(loc))


class NotItsDistribution(Likelihood):
    """`score` is a density, but another one than the distribution's."""

    def distribution(self, loc):
        return distrax.Normal(loc, jnp.ones_like(loc))

    def score(self, elements, x, mask, *, train):
        return distrax.Normal(elements.loc + 1.0, 1.0).log_prob(x)


class LossWithDensity(Likelihood):
    is_normalized = False

    class Certain(PointPrediction):
        def log_prob(self, value):
            return jnp.zeros(value.shape)

    def distribution(self, loc):
        return self.Certain(loc)

    def score(self, elements, x, mask, *, train):
        return -((x - elements.mean()) ** 2)


class CountsHidden(Likelihood):
    is_calibrated = True

    def distribution(self, loc):
        scale = self.variable("calibration", "scale", jnp.ones, ()).value
        return distrax.Normal(loc, jnp.broadcast_to(scale, loc.shape))

    def calibration_totals(self, elements, x, mask):
        return {"squares": ((x - elements.mean()) ** 2).sum(-1)}

    def calibration_values(self, totals):
        return {"scale": totals["squares"]}


class Untrainable(Likelihood):
    """A scale whose gradient is next to nothing."""

    num_params = 2

    def distribution(self, loc, raw_scale):
        shift = self.param("shift", nn.initializers.ones, ())
        return distrax.Normal(
            jax.lax.stop_gradient(loc + shift), positive(raw_scale, 0.3)
        )


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
