"""Independent categorical variables as one vector of one-hot or simplex blocks.

V variables, C categories of each, L = V C.
"""

import math
from typing import Any

import distrax
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._scalar import broadcast_floats

LEAST_LOG = -80.0
"""Lower bound of the logarithm of a relaxed component: 1 / exp(-80) is a float32."""
_LEAST = 1e-35  # a little below exp(-80), so that no sample lies on the kink


class CategoricalVectors(distrax.Distribution):
    """Vectors of L = V C numbers, V independent blocks of C.

    A subclass fills in `blocks` (how they are drawn) and `log_prob_of_blocks`.

    Args:
      logits: [..., V, C] unnormalised log-probabilities.
    """

    def __init__(self, logits: ArrayLike):
        super().__init__()
        (logits,) = broadcast_floats(jnp.asarray(logits))
        self._logits: Array = jax.nn.log_softmax(logits)

    @property
    def logits(self) -> Array:
        """[..., V, C] log-probabilities."""
        return self._logits

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(L,)."""
        return (math.prod(self._logits.shape[-2:]),)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the logits without V and C."""
        return self._logits.shape[:-2]

    def blocks(self, perturbed: Array) -> Array:
        """Draws [n, ..., V, C] of logits with Gumbel noise on them."""
        raise NotImplementedError

    def log_prob_of_blocks(self, z: Array) -> Array:
        """[..., V] nats of blocks [..., V, C]."""
        raise NotImplementedError

    def _sample_n(self, key: Array, n: int) -> Array:
        shape = (n, *self._logits.shape)
        noise = jax.random.gumbel(key, shape, self._logits.dtype)
        drawn = self.blocks(self._logits + noise)
        return drawn.reshape(*shape[:-2], -1)

    def log_prob_by_variable(self, value: ArrayLike) -> Array:
        """[..., V] nats of vectors [..., L]."""
        value = jnp.asarray(value, self._logits.dtype)
        split = value.reshape(*value.shape[:-1], *self._logits.shape[-2:])
        return self.log_prob_of_blocks(split)

    def log_prob(self, value: ArrayLike) -> Array:
        """[...] nats of vectors [..., L]."""
        return self.log_prob_by_variable(value).sum(-1)


class OneHotVectors(CategoricalVectors):
    """Blocks are one-hot: block v is category c with probability softmax(logits)_vc.

    log p(z) = sum_vc z_vc log p_vc, which is not checked to be asked for one-hot z.
    """

    def blocks(self, perturbed: Array) -> Array:
        """The largest of each block: exact by the Gumbel-max trick; no gradient."""
        count, dtype = perturbed.shape[-1], perturbed.dtype
        return jax.nn.one_hot(perturbed.argmax(-1), count, dtype=dtype)

    def log_prob_of_blocks(self, z: Array) -> Array:
        """[..., V] nats."""
        return (z * self._logits).sum(-1)

    def mean(self) -> Array:
        """[..., L] the probabilities."""
        return jnp.exp(self._logits).reshape(*self.batch_shape, -1)

    def mode(self) -> Array:
        """[..., L] the likeliest category of each variable."""
        return OneHotVectors.blocks(self, self._logits).reshape(*self.batch_shape, -1)

    def entropy(self) -> Array:
        """[...] nats."""
        return -(jnp.exp(self._logits) * self._logits).sum((-2, -1))


class StraightThroughVectors(OneHotVectors):
    """The same one-hot draws, with the gradient of something smooth.

    Args:
      logits: [..., V, C].
      temperature: [] of the Gumbel-softmax sample whose gradient is taken, with the
        noise that the one-hot was drawn with; None: the probabilities' gradient.
    """

    def __init__(self, logits: ArrayLike, temperature: ArrayLike | None = None):
        super().__init__(logits)
        self._temperature: Any = None
        if temperature is not None:
            given = jnp.asarray(temperature, self._logits.dtype)
            self._temperature = jnp.broadcast_to(given, self.batch_shape)

    def blocks(self, perturbed: Array) -> Array:
        """One-hot in value, smooth in gradient."""
        smooth = jnp.exp(self._logits)
        if self._temperature is not None:
            smooth = jax.nn.softmax(perturbed / self._temperature[..., None, None])
        # The difference is exactly 0: the value is one-hot to the last bit.
        return super().blocks(perturbed) + (smooth - jax.lax.stop_gradient(smooth))


class RelaxedVectors(CategoricalVectors):
    """Blocks on the simplex: Concrete variables softmax((logits + Gumbel) / t).

    Args:
      logits: [..., V, C], C at least 2.
      temperature: [...] t > 0.
    """

    def __init__(self, logits: ArrayLike, temperature: ArrayLike):
        super().__init__(logits)
        given = jnp.asarray(temperature, self._logits.dtype)
        self._temperature: Array = jnp.broadcast_to(given, self.batch_shape)

    def blocks(self, perturbed: Array) -> Array:
        """Reparameterised; no component is below exp(-80)."""
        log_z = jax.nn.log_softmax(perturbed / self._temperature[..., None, None])
        return jnp.exp(jnp.maximum(log_z, LEAST_LOG))

    def log_prob_of_blocks(self, z: Array) -> Array:
        """[..., V] nats, in the first C - 1 components of each block."""
        t, count = self._temperature[..., None], z.shape[-1]
        log_z = jnp.log(jnp.maximum(z, _LEAST))
        slant = self._logits - t[..., None] * log_z
        constant = math.lgamma(count) + (count - 1) * jnp.log(t)
        total = (slant - log_z).sum(-1) - count * jax.nn.logsumexp(slant, -1)
        return constant + total
