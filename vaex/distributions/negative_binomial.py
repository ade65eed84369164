"""Negative binomial distribution by its mean and dispersion, in logarithms."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._deviance import expm1_less
from vaex.distributions._gamma_draws import log_gamma_draws
from vaex.distributions._log_difference import log_minus_log
from vaex.distributions._poisson_draws import poisson_draws
from vaex.distributions._rising_factorial import bounded_exp, rising_excess
from vaex.distributions._scalar import ScalarDistribution, broadcast_floats


@jax.jit
def _deviance(x: Array, log_mean: Array, log_r: Array) -> Array:
    """(x + r) KL(Bernoulli(x / (x + r)) || Bernoulli(m / (m + r))), for x > 0.

    As x e(s) + r e(t) with e(u) = exp(u) - 1 - u >= 0, s the logarithm of the ratio
    of the two m-shares and t that of the r-shares: no term cancels another.
    """
    r = bounded_exp(log_r)
    log_r = jnp.minimum(log_r, 60.0)
    offset = log_minus_log(log_mean, x)
    change = x / (x + r) * jnp.expm1(jnp.minimum(offset, 20.0))
    near = (jnp.abs(change) < 0.5) & (offset < 20.0)
    close = -jnp.log1p(jnp.where(near, change, 0.0))
    distant = jnp.log(x + r) - jnp.logaddexp(log_mean, log_r)
    s_distant = jnp.log1p(r / x) - jax.nn.softplus(log_r - log_mean)
    s = jnp.where(near, offset + close, s_distant)
    # Far off, r exp(t) as a share of x + r: exp(t) may overflow where r underflows.
    share = (x + r) * jax.nn.sigmoid(log_r - log_mean)
    failures = jnp.where(near, r * expm1_less(close), share - r * (1.0 + distant))
    return x * expm1_less(s) + failures


class NegativeBinomial(ScalarDistribution):
    """NegativeBinomial(x; m, r), of mean m and variance m + m^2 / r.

    p(x) = Gamma(x + r) / (Gamma(r) x!) (r / (m + r))^r (m / (m + r))^x for x in
    {0, 1, ...}: a Poisson whose rate is Gamma(r, r / m). As r goes to infinity it is
    the Poisson. Values below 0 have log-probability -inf. The entropy has no closed
    form.

    Args:
      log_mean: [...] log m, unconstrained.
      log_dispersion: [...] log r, unconstrained; r above exp(60) counts as exp(60),
        which is the Poisson to float32.

    Numerics: logarithms, since m and r span decades and neither may be 0. With h of
      `Poisson`, log p = log(Gamma(x + r) / (Gamma(r) x!)) less its leading part, by
      Binet's function, minus (x + r) times the divergence of two Bernoullis, a sum of
      two terms that are not negative. In float32 the error relative to 1 + |log p| is
      below 1e-6 for m and x up to 1e6 at any r; the textbook form gives -181 for -3.2
      at r = 1e8. Gradients hold to 1e-3. Samples are Poisson draws at gamma rates.

    Source: Anscombe, "The statistical analysis of insect counts based on the negative
      binomial distribution", Biometrics 5(2), 1949, for mean and dispersion; the form
      in deviances is derived here.

    >>> d = NegativeBinomial(jnp.log(3.0), jnp.log(2.0))
    >>> [round(x, 3) for x in d.prob(jnp.arange(3.0)).tolist()]
    [0.16, 0.192, 0.173]
    """

    def __init__(self, log_mean: ArrayLike, log_dispersion: ArrayLike):
        super().__init__()
        values = broadcast_floats(log_mean, log_dispersion)
        self._log_mean, self._log_dispersion = values

    @property
    def log_mean(self) -> Array:
        """[...] log m."""
        return self._log_mean

    @property
    def log_dispersion(self) -> Array:
        """[...] log r."""
        return self._log_dispersion

    def _sample_n(self, key: Array, n: int) -> Array:
        shape, (gamma_key, count_key) = (n, *self.batch_shape), jax.random.split(key)
        r = jnp.broadcast_to(bounded_exp(self._log_dispersion), shape)
        log_gamma = log_gamma_draws(gamma_key, r)
        return poisson_draws(count_key, self._log_mean + log_gamma - jnp.log(r))

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-probability.

        Args:
          value: [...] whole numbers.

        Returns:
          [...] nats; -inf below 0.
        """
        log_mean, log_r = self._log_mean, self._log_dispersion
        x = jnp.maximum(jnp.asarray(value, log_mean.dtype), 0.0)
        r, log_r_low = bounded_exp(log_r), jnp.minimum(log_r, 60.0)
        # At 0 it is -r log(1 + m/r), in ratios where m < r and logarithms where not.
        below = log_mean < log_r_low
        ratio = jnp.exp(jnp.where(below, log_mean, -jnp.inf)) / jnp.where(below, r, 1.0)
        log_ratio = jnp.where(below, 0.0, log_mean - log_r_low)
        none = r * jnp.where(below, jnp.log1p(ratio), jax.nn.softplus(log_ratio))
        some = x > 0.0
        deviance = _deviance(jnp.where(some, x, 1.0), log_mean, log_r)
        log_prob = rising_excess(x, log_r) - jnp.where(some, deviance, none)
        return jnp.where(x == value, log_prob, -jnp.inf)

    def mean(self) -> Array:
        """[...] m."""
        return jnp.exp(self._log_mean)

    def variance(self) -> Array:
        """[...] m + m^2 / r."""
        overdispersion = jnp.exp(2.0 * self._log_mean - self._log_dispersion)
        return self.mean() + overdispersion

    def mode(self) -> Array:
        """[...] floor(m (1 - 1/r)), and 0 for r <= 1; the larger of two that tie."""
        share = -jnp.expm1(-jnp.maximum(self._log_dispersion, 0.0))
        return jnp.floor(self.mean() * share)
