"""log p(x|z) and log p(z) of one example, as functions of z.

S samples, D numbers of z in all its layers.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import distrax
import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree

from vaex.evaluation.latent_health import _head
from vaex.types import Batch

DRAWS = 128
"""Draws from q(z|x) whose moments stand for its own where they have no closed form."""

FLOOR = 1e-4
"""Least standard deviation, in the unit of z, of a Gaussian that stands for q(z|x)."""


class JointDensity(NamedTuple):
    """What a model says of one example and any z.

    Layers of z lie beside each other in one vector of D numbers.

    Attributes:
      log_px_z: z [S, D] -> log p(x|z) [S], nats of prepared values.
      log_pz: z [S, D] -> log p(z) [S], nats.
      draw: (key, S) -> z ~ p(z), [S, D].
    """

    log_px_z: Callable[[Array], Array]
    log_pz: Callable[[Array], Array]
    draw: Callable[[Array, int], Array]


class Moments(NamedTuple):
    """The diagonal Gaussian that stands for q(z|x).

    Attributes:
      loc: [D] mean.
      scale: [D] standard deviation, above 0.
    """

    loc: Array
    scale: Array


def lacks_density(model: Any) -> str | None:
    """Why log p(x, z) of real z cannot be had from a model; None where it can.

    >>> from types import SimpleNamespace
    >>> lacks_density(SimpleNamespace(posterior=None, prior=None))
    'the model has no decoder and likelihood head of its own'
    """
    head = _head(model)
    if not hasattr(head, "reconstruction_loss"):
        return "the model has no decoder and likelihood head of its own"
    if not head.is_normalized:
        return "the likelihood head is a loss without a density"
    if not getattr(model.prior, "has_density", True):
        return "the prior has no density"
    for part in (model.posterior, model.prior):
        space = getattr(part, "space", None) or "real vectors"
        if space != "real vectors":
            return f"z is no real vector: its space is {space}"
    return None


def joint_density(model: nn.Module, variables: Any, batch: Batch) -> JointDensity:
    """Functions of z for one example, to be differentiated and called in loops.

    Args:
      model: unbound, of which `lacks_density` says nothing.
      variables: of the model.
      batch: one example, prepared, [1, ...] each.

    Returns:
      The functions; each applies the model anew, in evaluation mode.
    """
    condition, x, mask = (batch.get(name) for name in ("condition", "x", "mask"))

    def draw(key: Array, num: int) -> Any:
        def forward(bound: Any) -> Any:
            prior = bound.prior_distribution(condition)
            return prior.sample(seed=key, sample_shape=(num, 1))

        return nn.apply(forward, model)(variables)

    layers: Any = jax.eval_shape(lambda key: draw(key, 1), jax.random.key(0))
    zeros = jax.tree.map(lambda a: jnp.zeros(a.shape[2:], a.dtype), layers)
    _, unravel = ravel_pytree(zeros)

    def split(z: Array) -> Any:
        return jax.tree.map(lambda a: a[:, None], jax.vmap(unravel)(z))

    def log_px_z(z: Array) -> Array:
        def forward(bound: Any) -> Array:
            tree, decoder = split(z), bound.decoder
            seen = tree[0] if isinstance(tree, tuple) else tree
            features = decoder(seen, condition, train=False)
            axes = decoder.event_axes
            loss = bound.likelihood.reconstruction_loss(features, x, mask, axes=axes)
            return -loss[:, 0]

        found: Any = nn.apply(forward, model)(variables)
        return found

    def log_pz(z: Array) -> Array:
        def forward(bound: Any) -> Array:
            return bound.prior_distribution(condition).log_prob(split(z))[:, 0]

        found: Any = nn.apply(forward, model)(variables)
        return found

    return JointDensity(log_px_z, log_pz, lambda key, num: flat(draw(key, num)))


def flat(z: Any) -> Array:
    """Layers [S, 1, L] as one array [S, D]."""
    return jnp.concatenate([leaf[:, 0] for leaf in jax.tree.leaves(z)], -1)


def draw_example(
    model: nn.Module,
    variables: Any,
    batch: Batch,
    key: Array,
    encoder_input: Callable[[Array], Array | None] = lambda x: None,
) -> tuple[Batch, Array]:
    """Draws z ~ p(z) and x ~ p(x|z) in the place of an example's.

    Args:
      model: unbound.
      variables: of the model.
      batch: one example [1, ...]; its condition and its mask are kept.
      key: of the draw.
      encoder_input: of the preparation: prepared x -> what the encoder sees of it,
        None for x itself.

    Returns:
      The batch with x, and z [1, D]: a draw from p(z|x) of that x. The encoder sees
      nothing of masked cells.
    """
    condition = batch.get("condition")

    def forward(bound: Any) -> tuple[Any, Array]:
        z_key, x_key = jax.random.split(key)
        prior = bound.prior_distribution(condition)
        z = prior.sample(seed=z_key, sample_shape=(1, 1))
        leaf = jax.tree.map(lambda a: a[0], z)
        return z, bound.decode(leaf, condition).sample(seed=x_key)

    found: Any = nn.apply(forward, model)(variables)
    z, x = found
    x = x.astype(jnp.float32)
    kept = {k: v for k, v in batch.items() if k != "input"}
    seen = encoder_input(jnp.where(batch["mask"], x, 0.0) if "mask" in batch else x)
    if seen is not None:
        kept["input"] = seen
    return {**kept, "x": x}, flat(z)


def is_diagonal_gaussian(q: Any) -> bool:
    """Whether a posterior distribution is a product of normals."""
    return isinstance(q, distrax.Independent) and isinstance(
        q.distribution, distrax.Normal
    )


def posterior_moments(
    model: nn.Module, variables: Any, batch: Batch, key: Array
) -> tuple[Moments, bool]:
    """Mean and standard deviation of q(z|x) of one example.

    Args:
      model: unbound.
      variables: of the model.
      batch: one example, [1, ...] each.
      key: of `DRAWS` draws, where q is no diagonal Gaussian.

    Returns:
      The moments, and whether they are q itself rather than those of draws from it.
    """
    exact = []

    def forward(bound: Any) -> Moments:
        q = bound.encode(batch, train=False)
        exact.append(is_diagonal_gaussian(q))
        if exact[-1]:
            return Moments(q.mean()[0], q.stddev()[0])
        z = flat(q.sample(seed=key, sample_shape=(DRAWS,)))
        return Moments(z.mean(0), z.std(0))

    found: Any = nn.apply(forward, model)(variables, rngs={"sample": key})
    return Moments(found.loc, jnp.maximum(found.scale, FLOOR)), exact[-1]
