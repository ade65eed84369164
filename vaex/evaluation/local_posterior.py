"""The best diagonal Gaussian q of one example: its posterior without the encoder.

S samples, D numbers of z in all its layers.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import distrax
import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array

from vaex.errors import InputError
from vaex.evaluation.densities_of_z import (
    Moments,
    joint_density,
    lacks_density,
    posterior_moments,
)
from vaex.numerics import named_fold
from vaex.threefry import fold_in
from vaex.types import Batch


class LocalPosterior(NamedTuple):
    """An optimised q(z) = N(loc, diag(scale^2)) of one example.

    Attributes:
      loc: [D].
      scale: [D].
      elbo: nats of prepared values, its ELBO.
      start_elbo: nats, the ELBO of the Gaussian that it started from, by the same
        random numbers: what was gained is `elbo - start_elbo`, never negative. Where
        the model's q(z|x) is a diagonal Gaussian, this is the amortised ELBO.
    """

    loc: Array
    scale: Array
    elbo: Array
    start_elbo: Array


def make_local_posterior(
    model: nn.Module,
    *,
    num_steps: int = 200,
    num_samples: int = 8,
    learning_rate: float = 0.05,
    final_samples: int = 128,
) -> Callable[[Any, Array, Batch], LocalPosterior]:
    """A function (variables, key, batch of one example) -> LocalPosterior.

    It maximises E_q[log p(x, z) - log q(z)] over q = N(loc, diag(scale^2)) by pairs
    z = loc +- scale * noise, with Adam, whose step falls to 0 as a cosine, along the
    gradient that has no noise where q is the exact posterior (of z alone, log q's own
    parameters held fixed). It starts from q(z|x), or from a Gaussian with its mean and
    standard deviation where it is none, and steps are in units of that scale. Where
    the end is no better than the start, it is the start.

    Args:
      model: unbound.
      num_steps: of the optimiser.
      num_samples: S of a step, an even number.
      learning_rate: of Adam, in standard deviations of q(z|x) (of loc) and logarithms
        (of scale).
      final_samples: samples of the two ELBOs, rounded up to a multiple of S.

    Returns:
      The function, not jitted; to be mapped over keys and examples, [1, ...] each.

    Raises:
      InputError: if log p(x, z) of real z cannot be had from the model, or a number is
        out of range.

    Numerics: the optimum is approached from below, so that the gain is a lower bound of
      what optimising can give, but that the better of start and end is chosen by the
      draws that it is estimated with: where there is nothing to gain it is above 0 by
      a part of their error. loc moves by num_steps * learning_rate / 2 standard
      deviations at most; raise the rate for examples whose q(z|x) is far off.

    Source: Cremer, Li, Duvenaud, "Inference Suboptimality in Variational Autoencoders",
      ICML 2018, https://arxiv.org/abs/1801.03558; the gain is the likelihood regret of
      Xiao, Yan, Amit, "Likelihood Regret: An Out-of-Distribution Detection Score For
      Variational Auto-encoder", NeurIPS 2020, https://arxiv.org/abs/2003.02977 (there
      by optimising the encoder's weights for each example). The gradient: Roeder, Wu,
      Duvenaud, "Sticking the Landing: Simple, Lower-Variance Gradient Estimators for
      Variational Inference", NeurIPS 2017, https://arxiv.org/abs/1703.09194.

    >>> import vaex.likelihoods, vaex.models, vaex.nn, vaex.posteriors, vaex.priors
    >>> vae = vaex.models.VAE(
    ...     vaex.nn.MLPEncoder((4,)), vaex.posteriors.DiagonalGaussian(2),
    ...     vaex.priors.StandardGaussian(2), vaex.nn.MLPDecoder((4,)),
    ...     vaex.likelihoods.Bernoulli((3,)),
    ... )
    >>> rngs = {"params": jax.random.key(0), "sample": jax.random.key(1)}
    >>> rows = {"x": jnp.ones((5, 1, 3))}  # five examples, each a batch of one
    >>> variables = vae.init(rngs, {"x": rows["x"][0]})
    >>> fit = jax.vmap(make_local_posterior(vae, num_steps=5), in_axes=(None, 0, 0))
    >>> found = jax.jit(fit)(variables, jax.random.split(jax.random.key(2), 5), rows)
    >>> found.loc.shape, bool((found.elbo >= found.start_elbo).all())
    ((5, 2), True)
    """
    reason = lacks_density(model)
    if reason is not None:
        raise InputError(f"no posterior can be fitted to one example: {reason}")
    if num_samples < 2 or num_samples % 2:
        raise InputError(
            f"num_samples must be even and at least 2, got {num_samples}: they are "
            "drawn in pairs"
        )
    for name, value in (("num_steps", num_steps), ("final_samples", final_samples)):
        if value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    if not learning_rate > 0:
        raise InputError(f"learning_rate must be above 0, got {learning_rate}")
    optimizer = optax.adam(optax.cosine_decay_schedule(learning_rate, num_steps))

    def fit(variables: Any, key: Array, batch: Batch) -> LocalPosterior:
        density = joint_density(model, variables, batch)
        moments_key = named_fold(key, "moments")
        start, _ = posterior_moments(model, variables, batch, moments_key)
        size = start.loc.shape[-1]

        def moved(params: Moments) -> Moments:
            """The Gaussian of numbers in units of the start's scale."""
            loc = start.loc + start.scale * params.loc
            return Moments(loc, start.scale * jnp.exp(params.scale))

        def bound(params: Moments, key: Array) -> Array:
            q = moved(params)
            half = jax.random.normal(key, (num_samples // 2, size))
            z = q.loc + q.scale * jnp.concatenate([half, -half])
            fixed = jax.lax.stop_gradient(q)
            log_q = distrax.Normal(fixed.loc, fixed.scale).log_prob(z).sum(-1)
            return (density.log_px_z(z) + density.log_pz(z) - log_q).mean()

        def step(number: Array, carry: tuple[Moments, Any]) -> tuple[Moments, Any]:
            params, state = carry
            noise = fold_in(named_fold(key, "fit"), number)
            slope = jax.grad(lambda p: -bound(p, noise))(params)
            updates, state = optimizer.update(slope, state)
            moved_on: Any = optax.apply_updates(params, updates)
            return moved_on, state

        zero = Moments(jnp.zeros(size), jnp.zeros(size))
        begin = (zero, optimizer.init(zero))
        end, _ = jax.lax.fori_loop(0, num_steps, step, begin)
        chunks = jnp.arange(-(-final_samples // num_samples))

        def both(chunk: Array) -> Array:
            noise = fold_in(named_fold(key, "final"), chunk)
            return jnp.stack([bound(zero, noise), bound(end, noise)])

        start_elbo, elbo = jax.lax.map(both, chunks).mean(0)
        is_better = elbo >= start_elbo  # False where it went to NaN
        chosen = jax.tree.map(lambda a, b: jnp.where(is_better, a, b), end, zero)
        best = moved(chosen)
        better = jnp.where(is_better, elbo, start_elbo)
        return LocalPosterior(best.loc, best.scale, better, start_elbo)

    return fit
