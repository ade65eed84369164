"""What the encoder sees of a row of mixed columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from vaex.data.spec import Spec
from vaex.preparations.base import Preparation
from vaex.sklearn._table import Group
from vaex.types import Batch

_CLIP = 10.0


@dataclass(frozen=True)
class Encoding(Preparation):
    """Columns as numbers of a few units each; what is missing is 0.

    x stays as it is. The encoder's input has continuous columns clipped to [-10, 10],
    raw ones (of heads not on the real numbers) by logarithms from there on, binary ones
    as -1 and 1, counts as log(1 + x), categories as unit vectors, and 0
    for every hidden cell.

    Attributes:
      groups: of the model's columns, in order.

    >>> rows = {"x": jnp.array([[50.0, 1.0]]), "mask": jnp.array([[True, True]])}
    >>> encoding = Encoding((Group("continuous", 1), Group("categorical", 1, 3)))
    >>> encoding(jax.random.key(0), rows)["input"].tolist()
    [[10.0, 0.0, 1.0, 0.0]]
    """

    groups: tuple[Group, ...]

    def __call__(self, key: Array, stored: Mapping[str, Array]) -> Batch:
        """The rows, with the encoder's input."""
        batch = dict(super().__call__(key, stored))
        x = batch["x"]
        mask = batch.get("mask", jnp.ones(x.shape, bool))
        parts, start = [], 0
        for group in self.groups:
            stop = start + group.width
            own, seen = x[:, start:stop], mask[:, start:stop]
            parts.append(_input(group, own, seen.astype(jnp.float32)))
            start = stop
        return {**batch, "input": jnp.concatenate(parts, axis=1)}

    def prepare(self, key: Array, x: Array) -> Array:
        """As they are."""
        return jnp.asarray(x, jnp.float32)

    def inverse(self, x: Array) -> Array:
        """As they are."""
        return jnp.asarray(x, jnp.float32)

    def spec(self, spec: Spec) -> Spec:
        """The same."""
        return spec


def _input(group: Group, x: Array, seen: Array) -> Array:
    if group.kind == "categorical":
        labels: Any = x.astype(jnp.int32)
        vectors = jax.nn.one_hot(labels, group.num_classes) * seen[..., None]
        return vectors.reshape(len(x), -1)
    if group.kind == "binary":
        return (2 * x - 1) * seen
    if group.kind == "count":
        return jnp.log1p(x) * seen
    if group.kind == "raw":
        beyond = jnp.log(jnp.maximum(jnp.abs(x), _CLIP) / _CLIP)
        return (jnp.clip(x, -_CLIP, _CLIP) + jnp.sign(x) * beyond) * seen
    return jnp.clip(x, -_CLIP, _CLIP) * seen
