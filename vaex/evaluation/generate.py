"""Arrays to look at: reconstructions, samples, latent means, in data units."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.numerics import named_fold


def expected(distribution: Any) -> Array:
    """E[x], or the mode where values have no mean (class labels)."""
    try:
        return distribution.mean()
    except NotImplementedError:
        return distribution.mode()


def reconstruct(
    model: nn.Module,
    variables: Any,
    preparation: Any,
    key: Array,
    stored: Mapping[str, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Encodes rows and decodes the mean (else a sample) of q(z|x).

    Args:
      model: unbound.
      variables: its.
      preparation: with `inverse`.
      key: for the preparation and for sampling.
      stored: rows of a split, name -> [N, ...].

    Returns:
      Prepared originals and E[x|z] in data units, [N, *E] each, and the z used
      [N, L].
    """

    @jax.jit
    def run(variables: Any, key: Array, stored: Any) -> tuple[Array, Array, Array]:
        batch = preparation(named_fold(key, "prepare"), stored)

        def forward(bound: Any) -> tuple[Array, Array]:
            q = bound.encode(batch, train=False)
            try:
                z = q.mean()
            except NotImplementedError:
                z = q.sample(seed=bound.make_rng("sample"))
            return z, expected(bound.decode(z, batch.get("condition")))

        rngs = {"sample": named_fold(key, "sample")}
        z, output = nn.apply(forward, model)(variables, rngs=rngs)
        x = preparation.inverse(batch["x"])
        return x, preparation.inverse(output.astype(jnp.float32)), z

    x, output, z = jax.device_get(run(variables, key, dict(stored)))
    return x, output, z


def decode_mean(
    model: nn.Module,
    variables: Any,
    preparation: Any,
    z: np.ndarray,
    condition: np.ndarray | None = None,
) -> np.ndarray:
    """E[x|z] in data units for z [N, L] and condition [N, C], [N, *E]."""

    @jax.jit
    def run(variables: Any, z: Array, condition: Array | None) -> Array:
        def decode(bound: Any) -> Array:
            return expected(bound.decode(z, condition))

        output = nn.apply(decode, model)(variables)
        return preparation.inverse(output.astype(jnp.float32))

    return np.asarray(run(variables, z, condition))


def sample_prior(
    model: nn.Module,
    variables: Any,
    preparation: Any,
    key: Array,
    num: int,
    condition: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws z ~ p(z) and x ~ p(x|z).

    Args:
      model: unbound.
      variables: its.
      preparation: with `inverse`.
      key: of the draws.
      num: N.
      condition: [N, C] for a conditional model.

    Returns:
      Samples x and means E[x|z] in data units, [N, *E] each, and z [N, L].
    """

    @jax.jit
    def run(
        variables: Any, key: Array, condition: Array | None
    ) -> tuple[Array, Array, Array]:
        def draw(bound: Any) -> tuple[Array, Array, Array]:
            prior = bound.prior_distribution(condition)
            z = prior.sample(seed=named_fold(key, "z"), sample_shape=(num,))
            likelihood = bound.decode(z, condition)
            x = likelihood.sample(seed=named_fold(key, "x"))
            return x, expected(likelihood), z

        x, mean, z = nn.apply(draw, model)(variables)
        floats = (x.astype(jnp.float32), mean.astype(jnp.float32))
        return preparation.inverse(floats[0]), preparation.inverse(floats[1]), z

    x, mean, z = jax.device_get(run(variables, key, condition))
    return x, mean, z
