"""Beta-binomial distribution by the logit of its mean and its concentration."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._deviance import expm1_less
from vaex.distributions._exact_product import product_minus
from vaex.distributions._gamma_draws import log_gamma_draws
from vaex.distributions._rising_factorial import bounded_exp, rising_excess
from vaex.distributions._scalar import ScalarDistribution, broadcast_floats
from vaex.distributions.binomial import Binomial


@jax.jit
def _divergence(weight: Array, change: Array, log_ratio: Array, other: Array) -> Array:
    """Weight (r - 1 - log r) for a ratio r of shares, and weight r = `other`.

    Near 1 by r - 1 = `change`; else by its logarithm.
    """
    near = jnp.abs(change) < 0.5
    close = weight * expm1_less(jnp.log1p(jnp.where(near, change, 0.0)))
    return jnp.where(near, close, other - weight * (1.0 + log_ratio))


class BetaBinomial(ScalarDistribution):
    """BetaBinomial(x; n, l, c): a Binomial(n) whose p is Beta(c m, c (1 - m)).

    m = sigmoid(l) is the mean of p and c = a + b its concentration:
    p(x) = (n choose x) B(x + a, n - x + b) / B(a, b), for x in {0, ..., n}. As c goes
    to infinity it is Binomial(n, l). Values outside have log-probability -inf. The
    entropy has no closed form.

    Args:
      total_count: [...] n >= 0, whole numbers up to 2^24.
      logits: [...] l, the logit of the mean of one trial.
      log_concentration: [...] log c, unconstrained; c above exp(60) counts as exp(60).

    Numerics: three ratios of gamma functions by Binet's function, and
      n KL(x / n || q) + c KL(m || q) with q = (x + a) / (n + c), as four terms that are
      not negative: nothing large cancels. In float32 the error relative to
      1 + |log p| is below 1e-5 for n up to 1e6 and any c.

    Source: Skellam, "A probability distribution derived from the binomial distribution
      by regarding the probability of success as variable between the sets of trials",
      Journal of the Royal Statistical Society B 10(2), 1948; the form in divergences
      is derived here.

    >>> d = BetaBinomial(2, 0.0, jnp.log(2.0))
    >>> [round(x, 5) for x in d.prob(jnp.arange(3.0)).tolist()]
    [0.33333, 0.33333, 0.33333]
    """

    def __init__(
        self, total_count: ArrayLike, logits: ArrayLike, log_concentration: ArrayLike
    ):
        super().__init__()
        values = broadcast_floats(total_count, logits, log_concentration)
        self._total_count, self._logits, self._log_concentration = values

    @property
    def total_count(self) -> Array:
        """[...] n."""
        return self._total_count

    @property
    def logits(self) -> Array:
        """[...] logit of the mean of one trial."""
        return self._logits

    @property
    def log_concentration(self) -> Array:
        """[...] log c."""
        return self._log_concentration

    def _log_shapes(self) -> tuple[Array, Array]:
        """Logarithms of a and b."""
        log_c = jnp.minimum(self._log_concentration, 60.0)
        log_mean = jax.nn.log_sigmoid(self._logits)
        return log_c + log_mean, log_c + jax.nn.log_sigmoid(-self._logits)

    def _sample_n(self, key: Array, n: int) -> Array:
        a_key, b_key, count_key = jax.random.split(key, 3)
        shape = (n, *self.batch_shape)
        a, b = (jnp.broadcast_to(bounded_exp(x), shape) for x in self._log_shapes())
        logits = log_gamma_draws(a_key, a) - log_gamma_draws(b_key, b)
        return Binomial(self._total_count, logits).sample(seed=count_key)

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-probability.

        Args:
          value: [...] whole numbers.

        Returns:
          [...] nats; -inf outside [0, n].
        """
        n, logits = self._total_count, self._logits
        log_c = jnp.minimum(self._log_concentration, 60.0)
        c, (log_a, log_b) = bounded_exp(log_c), self._log_shapes()
        p, rest = jax.nn.sigmoid(logits), jax.nn.sigmoid(-logits)
        x = jnp.clip(jnp.asarray(value, n.dtype), 0.0, n)
        y = n - x
        # x - n p, by the smaller of p and 1 - p, which has the more digits.
        low = logits < 0.0
        offset = jnp.where(low, -product_minus(n, p, x), product_minus(n, rest, y))

        def side(count: Array, log_mean: Array, mean: Array, sign: Array) -> Array:
            """Terms of the successes and of the failures, [2, ...]."""
            some = count > 0.0
            positive = jnp.where(some, count, 1.0)
            joint = (count + c * mean) / (n + c)
            safe = jnp.where(joint > 0.0, joint, 1.0)
            log_joint = jnp.where(joint > 0.0, jnp.log(safe), 0.0)
            shape = c * mean
            # A share that nearly underflows is nothing near 1: its form is the far one.
            whole = (n + c) * mean
            is_share = whole > 1e-12
            change = jnp.where(is_share, offset, 1.0) / jnp.where(is_share, whole, 1.0)
            of_shape = _divergence(
                shape, sign * change, log_joint - log_mean, c * joint
            )
            of_shape = jnp.where(joint > 0.0, of_shape, 0.0)
            of_count = _divergence(
                positive,
                -(c / (n + c)) * sign * offset / positive,
                log_joint - jnp.log(positive) + jnp.log(jnp.maximum(n, 1.0)),
                n * joint,
            )
            return of_shape + jnp.where(some, of_count, n * joint)

        # Both sides, and all three ratios, in one call each: half the code to compile.
        x, y, n, log_a, log_b, log_c = jnp.broadcast_arrays(
            x, y, n, log_a, log_b, log_c
        )
        signs = jnp.asarray([1.0, -1.0]).reshape(2, *(1,) * x.ndim)
        divergence = side(
            jnp.stack([x, y]),
            jax.nn.log_sigmoid(signs * logits),
            jax.nn.sigmoid(signs * logits),
            signs,
        ).sum(0)
        counts, shapes = jnp.stack([x, y, n]), jnp.stack([log_a, log_b, log_c])
        of_x, of_y, of_n = rising_excess(counts, shapes)
        log_prob = of_x + of_y - of_n - divergence
        return jnp.where(x == value, log_prob, -jnp.inf)

    def mean(self) -> Array:
        """[...] n m."""
        return self._total_count * jax.nn.sigmoid(self._logits)

    def variance(self) -> Array:
        """[...] n m (1 - m) (n + c) / (1 + c)."""
        c = bounded_exp(self._log_concentration)
        binomial = self.mean() * jax.nn.sigmoid(-self._logits)
        return binomial * (1.0 + (self._total_count - 1.0) / (1.0 + c))

    def mode(self) -> Array:
        """[...] the most probable count: an end, or the peak between for a, b > 1."""
        n = self._total_count
        a, b = (jnp.maximum(bounded_exp(x) - 1.0, 0.0) for x in self._log_shapes())
        share = a / jnp.where(a + b > 0.0, a + b, 1.0)
        peak = jnp.minimum(jnp.floor((n + 1.0) * share), n)
        candidates = jnp.stack([peak, jnp.zeros_like(n), n])
        best = jnp.argmax(self.log_prob(candidates), axis=0)
        return jnp.take_along_axis(candidates, best[None], axis=0)[0]
