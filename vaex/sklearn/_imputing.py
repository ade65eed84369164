"""What a row's missing cells are, given its others.

S posterior samples, N rows, D columns.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.anomaly.row_keys import row_key, row_words
from vaex.numerics import named_fold
from vaex.sklearn._program import Program
from vaex.training.state import step_rngs
from vaex.types import log_weights

BLOCK = 64
"""Rows at a time."""


def imputed(
    program: Program,
    variables: Any,
    rows: dict[str, np.ndarray],
    *,
    num_samples: int,
    seed: int,
    draw: bool,
) -> np.ndarray:
    """E[x|observed], or a draw of it, of every cell, [N, D] float32.

    By self-normalised importance sampling with S draws z_s ~ q(z|observed): the
    weights are those of p(observed|z) p(z) / q(z|observed). Of categories it is the
    most probable. A draw takes one z by its weight, and x from p(x|z). A row draws from
    a key that is a hash of its own content and, where draws are wanted, of how many
    equal rows stand before it.

    Args:
      program: of the structure.
      variables: of the model.
      rows: `x` and `mask`.
      num_samples: S.
      seed: of the draws.
      draw: one draw in place of the mean.

    Source: Mattei, Frellsen, "MIWAE: Deep Generative Modelling and Imputation of
      Incomplete Data Sets", ICML 2019, https://arxiv.org/abs/1812.02633.
    """
    name = ("impute", num_samples, draw)
    if name not in program.kept:
        one = _one_row(program, num_samples, draw)
        program.kept[name] = jax.jit(jax.vmap(one, in_axes=(None, None, 0, 0)))
    compiled, key = program.kept[name], named_fold(jax.random.key(seed), "impute")
    rows = {name: rows[name] for name in ("x", "mask")}
    words, total, found = row_words(rows), len(rows["x"]), []
    if draw:
        before = _equal_before(words)
        again = np.flatnonzero(before)
        few = {name: values[again] for name, values in rows.items()}
        words[again] = row_words({**few, "before": before[again]})
    for start in range(0, total, BLOCK):
        index = np.minimum(np.arange(start, start + BLOCK), total - 1)
        few = {name: values[index] for name, values in rows.items()}
        found.append(np.asarray(compiled(variables, key, words[index], few)))
    return np.concatenate(found)[:total]


def _equal_before(words: np.ndarray) -> np.ndarray:
    """How many of the rows before it are equal to each, [N].

    >>> _equal_before(np.array([[1, 2], [3, 4], [1, 2], [1, 2]])).tolist()
    [0, 0, 1, 2]
    """
    _, inverse = np.unique(words, axis=0, return_inverse=True)
    kind = inverse.reshape(-1)  # numpy 2.0 gives a column
    order = np.argsort(kind, kind="stable")
    rank = np.arange(len(kind))
    first = np.searchsorted(kind[order], kind[order])
    found = np.empty_like(rank)
    found[order] = rank - first
    return found


def _one_row(program: Program, num_samples: int, draw: bool) -> Any:
    groups = program.structure.groups

    def one(variables: Any, key: Array, words: Array, row: Any) -> Array:
        key = row_key(key, words)
        stored = {name: values[None] for name, values in row.items()}
        batch = program.preparation(named_fold(key, "prepare"), stored)

        def apply(bound: Any) -> tuple[Array, Any]:
            terms = bound.terms(batch, num_samples=num_samples, train=False)
            weights = jax.nn.softmax(log_weights(terms)[:, 0])
            chosen = jax.random.categorical(named_fold(key, "z"), jnp.log(weights))
            z = terms.z[chosen][None] if draw else terms.z
            p = bound.decode(z)
            parts = getattr(p, "parts", (p,))  # a composite's
            if draw:
                keys = [named_fold(key, f"x{i or ''}") for i in range(len(parts))]
                drawn = [p.sample(seed=k) for p, k in zip(parts, keys, strict=True)]
                return weights, [x[0, 0].astype(jnp.float32) for x in drawn]
            pairs = zip(groups, parts, strict=True)
            return weights, [_mean(g.kind, part, weights) for g, part in pairs]

        rngs = step_rngs(named_fold(key, "terms"))
        _, parts = nn.apply(apply, program.model)(variables, rngs=rngs)
        return jnp.concatenate(parts)

    return one


def _mean(kind: str, part: Any, weights: Array) -> Array:
    """[W] of one group, from its distribution of [S, 1] rows."""
    if kind == "categorical":
        probabilities = jnp.tensordot(weights, part.distribution.probs[:, 0], 1)
        return jnp.argmax(probabilities, axis=-1).astype(jnp.float32)
    return jnp.tensordot(weights, part.mean()[:, 0], 1)
