"""Student's t distribution with location and scale."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._binet import HALF_LOG_2PI, binet
from vaex.distributions._gamma_draws import log_gamma_draws
from vaex.distributions._scalar import ScalarDistribution, broadcast_floats

# Degrees of freedom that count as infinite, and the largest draw in scales.
_LARGE = 1e18


def _log_constant(df: Array) -> Array:
    """log(Gamma((v + 1) / 2) / Gamma(v / 2)) - 1/2 log(v pi), -1/2 log(2 pi) at inf.

    With c = v / 2 the two Stirling formulas leave c log(1 + 1 / (2 c)) - 1/2 and a
    difference of Binet's functions.
    """
    c = 0.5 * df
    excess = c * jnp.log1p(0.5 / c) - 0.5
    return excess + binet(c + 0.5) - binet(c) - HALF_LOG_2PI


class StudentT(ScalarDistribution):
    """StudentT(x; v, m, s), p(x) proportional to (1 + z^2 / v)^(-(v + 1) / 2).

    z = (x - m) / s. As the degrees of freedom v go to infinity it is Normal(m, s).

    Args:
      df: [...] v > 0, dimensionless; inf is allowed.
      loc: [...] m, in units of x.
      scale: [...] s > 0, in units of x; no standard deviation, which is
        s sqrt(v / (v - 2)) and exists for v > 2 only.

    Numerics: the gamma functions by what Stirling's formula leaves of them, which
      goes to 0 as v grows: 1e-6 of 1 + |log p| in float32 at any v. Far out by
      logarithms, so that z^2 does not overflow. Draws are reparameterised, also in
      v, and within 1e18 scales. Mean and variance are nan or inf where they do not
      exist.

    Source: Student, "The probable error of a mean", Biometrika 6(1), 1908; moments
      and entropy are those of any textbook.

    >>> d = StudentT(jnp.array([1.0, jnp.inf]), 0.0, 1.0)
    >>> [round(x, 4) for x in d.log_prob(0.0).tolist()]
    [-1.1447, -0.9189]
    """

    def __init__(self, df: ArrayLike, loc: ArrayLike, scale: ArrayLike):
        super().__init__()
        self._df, self._loc, self._scale = broadcast_floats(df, loc, scale)

    @property
    def df(self) -> Array:
        """[...] degrees of freedom."""
        return self._df

    @property
    def loc(self) -> Array:
        """[...] m, in units of x."""
        return self._loc

    @property
    def scale(self) -> Array:
        """[...] s, in units of x."""
        return self._scale

    def _sample_n(self, key: Array, n: int) -> Array:
        normal_key, gamma_key = jax.random.split(key)
        shape = (n, *self.batch_shape)
        c = jnp.broadcast_to(0.5 * jnp.minimum(self._df, _LARGE), shape)
        noise = jax.random.normal(normal_key, shape, self._loc.dtype)
        log_share = log_gamma_draws(gamma_key, c) - jnp.log(c)
        # In logarithms up to the bound: exp alone would overflow at small v.
        log_size = -0.5 * log_share + jnp.log(jnp.abs(noise))
        size = jnp.exp(jnp.minimum(log_size, jnp.log(_LARGE)))
        return self._loc + self._scale * jnp.sign(noise) * size

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-density.

        Args:
          value: [...] any number.

        Returns:
          [...] nats.
        """
        df = jnp.minimum(self._df, _LARGE)
        z = (jnp.asarray(value, df.dtype) - self._loc) / self._scale
        ratio = jnp.abs(z) / jnp.sqrt(df)
        near = ratio < 1.0
        close = jnp.log1p(jnp.square(jnp.where(near, ratio, 0.0)))
        outer = jnp.where(near, 1.0, ratio)
        distant = 2.0 * jnp.log(outer) + jnp.log1p(jnp.square(1.0 / outer))
        penalty = 0.5 * (df + 1.0) * jnp.where(near, close, distant)
        return _log_constant(df) - jnp.log(self._scale) - penalty

    def mean(self) -> Array:
        """[...] m; nan for v <= 1."""
        return jnp.where(self._df > 1.0, self._loc, jnp.nan)

    def variance(self) -> Array:
        """[...] s^2 v / (v - 2); inf for 1 < v <= 2 and nan for v <= 1."""
        rest = jnp.where(self._df > 2.0, self._df - 2.0, 1.0)
        ratio = 1.0 + 2.0 / rest
        exists = jnp.where(self._df > 2.0, jnp.square(self._scale) * ratio, jnp.inf)
        return jnp.where(self._df > 1.0, exists, jnp.nan)

    def mode(self) -> Array:
        """[...] m."""
        return self._loc

    def entropy(self) -> Array:
        """[...] nats: minus the log-constant plus (v + 1) / 2 E[log(1 + z^2 / v)].

        The expectation is digamma((v + 1) / 2) - digamma(v / 2), here the slope of the
        log-constant in v / 2, plus 1 / v.
        """
        df = jnp.minimum(self._df, _LARGE)
        c = 0.5 * df
        constant, slope = jax.jvp(
            lambda c: _log_constant(2.0 * c), (c,), (jnp.ones_like(c),)
        )
        expectation = 0.5 + 0.25 / c + (c + 0.5) * slope
        return expectation - constant + jnp.log(self._scale)
