"""Von Mises distribution on the circle."""

import math

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import i0e
from jax.typing import ArrayLike

from vaex.distributions._scalar import ScalarDistribution, broadcast_floats

# Of sqrt(2 pi k) exp(-k) I_0(k) in powers of 1/k: (1 3 .. (2n - 1))^2 / (8^n n!).
_ASYMPTOTIC = (1.0, 1 / 8, 9 / 128, 75 / 1024, 3675 / 32768, 59535 / 262144)
_FAR = 25.0


def _log_i0e(k: Array) -> Array:
    """log(exp(-k) I_0(k)), with a slope that is right at large k too."""
    near = k < _FAR
    # Not quite at 0, where |k| in the derivative of i0e has slope 0.
    close = jnp.log(i0e(jnp.where(near, k, 1.0) + 1e-30))
    large, series = jnp.where(near, _FAR, k), jnp.zeros_like(k)
    for coefficient in reversed(_ASYMPTOTIC):
        series = coefficient + series / large
    distant = jnp.log(series) - 0.5 * jnp.log(2.0 * math.pi * large)
    return jnp.where(near, close, distant)


def _wrapped(angle: Array) -> Array:
    """The same angle in [-pi, pi), as the float type holds pi."""
    turned = angle - 2.0 * math.pi * jnp.round(angle / (2.0 * math.pi))
    pi = jnp.asarray(math.pi, angle.dtype)
    inside = jnp.where(turned >= pi, turned - 2.0 * math.pi, turned)
    return jnp.maximum(inside, -pi)


def _draw(key: Array, k: Array) -> Array:
    """Angles around 0, by rejection from a wrapped Cauchy.

    The half angle's tangent is a Cauchy draw over sqrt(1 + 4 k). With S = sin^2(x / 2)
    the ratio of the densities is exp(-2 k S) (1 + 4 k S), highest at S = 1 / (4 k) or,
    where that is beyond it, at the end S = 1.
    """
    peak = jnp.minimum(4.0 * k, 1.0)

    def body(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        key, done, angle = state
        key, angle_key, accept_key = jax.random.split(key, 3)
        tangent = jax.random.cauchy(angle_key, k.shape, k.dtype)
        drawn = 2.0 * jnp.arctan(tangent / jnp.sqrt(1.0 + 4.0 * k))
        size = 4.0 * k * jnp.square(jnp.sin(0.5 * drawn))
        log_ratio = 0.5 * (peak - size) + jnp.log1p(size) - jnp.log1p(peak)
        u = jax.random.uniform(accept_key, k.shape, k.dtype)
        angle = jnp.where(done, angle, drawn)
        return key, done | (jnp.log(u) <= log_ratio), angle

    start = key, jnp.zeros(k.shape, bool), jnp.zeros_like(k)
    return jax.lax.while_loop(lambda state: ~state[1].all(), body, start)[2]


class VonMises(ScalarDistribution):
    """VonMises(x; m, k): log p(x) = k cos(x - m) - log(2 pi I_0(k)), x in [-pi, pi).

    Values outside are taken as the angle that they are. At k = 0 it is uniform on the
    circle, at large k nearly Normal(m, 1 / sqrt(k)).

    Args:
      loc: [...] m, radians, any number.
      concentration: [...] k >= 0, dimensionless.

    Numerics: as -2 k sin^2((x - m) / 2) - log(2 pi exp(-k) I_0(k)), so that neither the
      cosine nor the Bessel function loses a large k: 1e-6 of 1 + |log p| in float32 up
      to k = 1e8 at an angle that is near m by subtraction. Draws are
      reparameterised in m; there is no gradient in k.

    Source: von Mises, "Uber die Ganzzahligkeit der Atomgewichte und verwandte Fragen",
      Physikalische Zeitschrift 19, 1918; draws after Best, Fisher, "Efficient
      simulation of the von Mises distribution", Applied Statistics 28(2), 1979, in
      the half angle's tangent, which keeps small angles; series of I_0 as in
      Abramowitz, Stegun, "Handbook of Mathematical Functions", section 9.7.

    >>> [round(x, 4) for x in VonMises(0.0, jnp.array([0.0, 1e6])).log_prob(0).tolist()]
    [-1.8379, 5.9888]
    """

    def __init__(self, loc: ArrayLike, concentration: ArrayLike):
        super().__init__()
        self._loc, self._concentration = broadcast_floats(loc, concentration)

    @property
    def loc(self) -> Array:
        """[...] radians."""
        return self._loc

    @property
    def concentration(self) -> Array:
        """[...] k."""
        return self._concentration

    def _sample_n(self, key: Array, n: int) -> Array:
        k = jax.lax.stop_gradient(self._concentration)
        return _wrapped(self._loc + _draw(key, jnp.broadcast_to(k, (n, *k.shape))))

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-density.

        Args:
          value: [...] radians.

        Returns:
          [...] nats.
        """
        k = self._concentration
        half = 0.5 * (jnp.asarray(value, k.dtype) - self._loc)
        spread = -2.0 * k * jnp.square(jnp.sin(half))
        return spread - math.log(2.0 * math.pi) - _log_i0e(k)

    def mean(self) -> Array:
        """[...] radians, the direction of E[exp(i x)]: m in [-pi, pi)."""
        return _wrapped(self._loc)

    def variance(self) -> Array:
        """[...] in [0, 1], the circular variance 1 - |E[exp(i x)]|."""
        k = self._concentration
        return -jax.jvp(_log_i0e, (k,), (jnp.ones_like(k),))[1]

    def mode(self) -> Array:
        """[...] radians, m in [-pi, pi)."""
        return self.mean()

    def entropy(self) -> Array:
        """[...] nats."""
        k = self._concentration
        return math.log(2.0 * math.pi) + _log_i0e(k) + k * self.variance()
