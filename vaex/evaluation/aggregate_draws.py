"""Draws of the aggregate posterior beside draws of the prior.

N examples, L numbers of z in a layer.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import numpy as np
from jax import Array

from vaex.evaluation._programs import kept
from vaex.evaluation.generate import BLOCK, _in_blocks
from vaex.numerics import named_fold
from vaex.threefry import fold_in


class AggregateDraws(NamedTuple):
    """As many draws of z from the data as from the model.

    Attributes:
      posterior: [N, L], one z ~ q(z|x) for each of the N examples: draws of q(z).
      prior: [N, L], z ~ p(z); of a conditional model by the examples' conditions.

    >>> layer = AggregateDraws(np.zeros((5, 2)), np.ones((5, 2)))
    >>> [part.shape for part in layer]
    [(5, 2), (5, 2)]
    """

    posterior: np.ndarray
    prior: np.ndarray


def draw_aggregate(
    model: nn.Module,
    variables: Any,
    preparation: Any,
    key: Array,
    stored: Mapping[str, np.ndarray],
) -> list[AggregateDraws]:
    """Draws z ~ q(z|x) for each row, and as many z ~ p(z), layer by layer.

    Args:
      model: unbound.
      variables: its.
      preparation: (key, stored) -> Batch.
      key: of the draws.
      stored: rows of a split, name -> [N, ...].

    Returns:
      One for each layer of z, the one next to the data first; a z with more axes than
      one is laid out in a row.
    """

    @kept("draw_aggregate", model, preparation)
    def run(variables: Any, key: Array, stored: Any) -> tuple[Any, Any]:
        batch = preparation(named_fold(key, "prepare"), stored)

        def draw(bound: Any) -> tuple[Any, Any]:
            q = bound.encode(batch, train=False)
            p = bound.prior_distribution(batch.get("condition"))
            ours = q.sample(seed=named_fold(key, "posterior"))
            shape = (BLOCK,)
            return ours, p.sample(seed=named_fold(key, "prior"), sample_shape=shape)

        rngs = {"sample": named_fold(key, "sample")}
        found: Any = nn.apply(draw, model)(variables, rngs=rngs)
        return found

    def block(number: int, rows: np.ndarray) -> Any:
        few = {name: values[rows] for name, values in stored.items()}
        return run(variables, fold_in(key, number), few)

    ours, theirs = _in_blocks(block, len(stored["x"]))
    layers = zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True)
    return [AggregateDraws(_rows(q), _rows(p)) for q, p in layers]


def _rows(z: np.ndarray) -> np.ndarray:
    return z.reshape(len(z), -1)
