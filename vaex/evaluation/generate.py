"""Arrays to look at: reconstructions, samples, latent means, in data units."""

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.errors import InputError
from vaex.evaluation._programs import kept
from vaex.numerics import named_fold
from vaex.threefry import fold_in

BLOCK = 256
"""Rows computed at a time: memory has a bound, and a row does not depend on N."""


def expected(distribution: Any) -> Array:
    """E[x], or the mode where values have no mean (class labels)."""
    try:
        return distribution.mean()
    except NotImplementedError:
        return distribution.mode()


def _code(bound: Any, q: Any) -> Any:
    """The mean of q(z|x); of layers, each at the mean of the last; else a draw."""
    for name in ("mean", "layer_means"):
        if hasattr(q, name):
            try:
                return getattr(q, name)()
            except NotImplementedError:
                continue
    return q.sample(seed=bound.make_rng("sample"))


def reconstruct(
    model: nn.Module,
    variables: Any,
    preparation: Any,
    key: Array,
    stored: Mapping[str, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Encodes rows and decodes the mean (else a sample) of q(z|x).

    Of layers of latent variables the mean of each is taken at the mean of the one that
    it is drawn from.

    Args:
      model: unbound.
      variables: its.
      preparation: with `inverse`.
      key: for the preparation and for sampling.
      stored: rows of a split, name -> [N, ...].

    Returns:
      Prepared originals and E[x|z] in data units, [N, *E] each, and the z used,
      [N, L] or the tuple of its layers.
    """

    @kept("reconstruct", model, preparation)
    def run(variables: Any, key: Array, stored: Any) -> tuple[Array, Array, Array]:
        batch = preparation(named_fold(key, "prepare"), stored)

        def forward(bound: Any) -> tuple[Array, Array]:
            z = _code(bound, bound.encode(batch, train=False))
            return z, expected(bound.decode(z, batch.get("condition")))

        rngs = {"sample": named_fold(key, "sample")}
        z, output = nn.apply(forward, model)(variables, rngs=rngs)
        x = preparation.inverse(batch["x"])
        return x, preparation.inverse(output.astype(jnp.float32)), z

    def block(number: int, rows: np.ndarray) -> Any:
        few = {name: values[rows] for name, values in stored.items()}
        return run(variables, fold_in(key, number), few)

    return _in_blocks(block, len(stored["x"]))


def encode_means(
    model: nn.Module,
    variables: Any,
    preparation: Any,
    key: Array,
    stored: Mapping[str, np.ndarray],
) -> Any:
    """The z that `reconstruct` decodes for the same key, and nothing else.

    Args:
      model: unbound.
      variables: its.
      preparation: (key, stored) -> Batch.
      key: for the preparation and for sampling.
      stored: rows as they are stored, name -> [N, ...].

    Returns:
      [N, L], or the tuple of the layers.
    """

    @kept("encode_means", model, preparation)
    def run(variables: Any, key: Array, stored: Any) -> Any:
        batch = preparation(named_fold(key, "prepare"), stored)

        def forward(bound: Any) -> Any:
            return _code(bound, bound.encode(batch, train=False))

        rngs = {"sample": named_fold(key, "sample")}
        return nn.apply(forward, model)(variables, rngs=rngs)

    def block(number: int, rows: np.ndarray) -> Any:
        few = {name: values[rows] for name, values in stored.items()}
        return run(variables, fold_in(key, number), few)

    return _in_blocks(block, len(stored["x"]))


def decode_mean(
    model: nn.Module,
    variables: Any,
    preparation: Any,
    z: Any,
    condition: np.ndarray | None = None,
) -> np.ndarray:
    """E[x|z] in data units for z [N, L] and condition [N, C], [N, *E].

    Of a model with layers z is the tuple of them.
    """

    @kept("decode_mean", model, preparation)
    def run(variables: Any, z: Any, condition: Array | None) -> Array:
        def decode(bound: Any) -> Array:
            return expected(bound.decode(z, condition))

        output = nn.apply(decode, model)(variables)
        return preparation.inverse(output.astype(jnp.float32))

    def block(_: int, rows: np.ndarray) -> Any:
        few = jax.tree.map(lambda values: values[rows], z)
        return run(variables, few, None if condition is None else condition[rows])

    return _in_blocks(block, len(jax.tree.leaves(z)[0]))


def sample_prior(
    model: nn.Module,
    variables: Any,
    preparation: Any,
    key: Array,
    num: int,
    condition: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws z ~ p(z) and x ~ p(x|z); the first draws are the same for any N.

    Args:
      model: unbound.
      variables: its.
      preparation: with `inverse`.
      key: of the draws.
      num: N.
      condition: [N, C] for a conditional model.

    Returns:
      Samples x and means E[x|z] in data units, [N, *E] each, and z [N, L] (or the
      layers of z).
    """

    @kept("sample_prior", model, preparation, BLOCK)
    def run(
        variables: Any, key: Array, condition: Array | None
    ) -> tuple[Array, Array, Array]:
        def draw(bound: Any) -> tuple[Array, Array, Array]:
            prior = bound.prior_distribution(condition)
            z = prior.sample(seed=named_fold(key, "z"), sample_shape=(BLOCK,))
            likelihood = bound.decode(z, condition)
            x = likelihood.sample(seed=named_fold(key, "x"))
            return x, expected(likelihood), z

        x, mean, z = nn.apply(draw, model)(variables)
        floats = (x.astype(jnp.float32), mean.astype(jnp.float32))
        return preparation.inverse(floats[0]), preparation.inverse(floats[1]), z

    def block(number: int, rows: np.ndarray) -> Any:
        given = None if condition is None else condition[rows]
        return run(variables, fold_in(key, number), given)

    return _in_blocks(block, num)


def encode_samples(
    model: nn.Module,
    variables: Any,
    preparation: Any,
    key: Array,
    stored: Mapping[str, np.ndarray],
) -> np.ndarray:
    """One draw z ~ q(z|x) for each row: samples of the aggregate posterior.

    Args:
      model: unbound.
      variables: its.
      preparation: (key, stored) -> Batch.
      key: of the draws.
      stored: rows of a split, name -> [N, ...].

    Returns:
      [N, L].

    Raises:
      InputError: if z has layers.
    """

    @kept("encode_samples", model, preparation)
    def run(variables: Any, key: Array, stored: Any) -> tuple[Array]:
        batch = preparation(named_fold(key, "prepare"), stored)

        def encode(bound: Any) -> Array:
            q = bound.encode(batch, train=False)
            z = q.sample(seed=named_fold(key, "z"))
            if isinstance(z, tuple):
                raise InputError(
                    "a sampler is fitted to latents that are one vector, but those of "
                    f"{type(model).__name__} have {len(z)} layers; leave --sampler out "
                    "to draw from the prior"
                )
            return z

        return (nn.apply(encode, model)(variables),)

    def block(number: int, rows: np.ndarray) -> Any:
        few = {name: values[rows] for name, values in stored.items()}
        return run(variables, fold_in(key, number), few)

    return _in_blocks(block, len(stored["x"]))[0]


def decode_samples(
    model: nn.Module, variables: Any, preparation: Any, key: Array, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draws x ~ p(x|z) and means E[x|z] in data units for z [N, L], [N, *E] each."""

    @kept("decode_samples", model, preparation)
    def run(variables: Any, key: Array, z: Array) -> tuple[Array, Array]:
        def draw(bound: Any) -> tuple[Array, Array]:
            likelihood = bound.decode(z)
            return likelihood.sample(seed=key), expected(likelihood)

        x, mean = nn.apply(draw, model)(variables)
        floats = (x.astype(jnp.float32), mean.astype(jnp.float32))
        return preparation.inverse(floats[0]), preparation.inverse(floats[1])

    def block(number: int, rows: np.ndarray) -> Any:
        return run(variables, fold_in(key, number), z[rows])

    return _in_blocks(block, len(z))


def _in_blocks(block: Callable[[int, np.ndarray], Any], total: int) -> Any:
    """Results of all rows, from a function (number of a block, its rows).

    The last block is filled up with its last row, whose repetitions are dropped.
    """
    results = []
    for number, start in enumerate(range(0, total, BLOCK)):
        rows = np.minimum(np.arange(start, start + BLOCK), total - 1)
        results.append(jax.device_get(block(number, rows)))
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:total], *results)
