"""Heads that are wrong in one way each."""

import distrax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vaex.distributions.bernoulli import Bernoulli as BernoulliDistribution
from vaex.distributions.point_prediction import PointPrediction
from vaex.likelihoods.base import Likelihood, positive, support


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
