"""Scores of rows, each the same bits in any batch, order and process."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.anomaly._moments import Moments, added, mean_and_error, nothing
from vaex.anomaly._rows import checked_rows, groups
from vaex.anomaly.base import Score
from vaex.anomaly.example import Example
from vaex.anomaly.row_keys import row_words
from vaex.anomaly.scores import Scores
from vaex.errors import InputError
from vaex.numerics import named_fold
from vaex.threefry import fold_in

CHUNK = 64
"""Most posterior samples drawn at a time."""


class Scorer:
    """Anomaly scores of rows under a trained model.

    A row draws from a key that is a hash of its own content, and rows are computed in
    blocks of one fixed size: its value is the same bit for bit whatever other rows are
    scored with it, in whatever order, on the same kind of machine. Rows with hidden
    cells go through a program of their own.

    Args:
      model: unbound, see `vaex.types.Model`.
      variables: its.
      preparation: stored rows to batches.
      score: what is computed.
      num_samples: posterior samples S of each row; at least so many where there is
        a tolerance. Part of a value's identity, as `seed` is.
      tolerance: draws go on, by chunks of `min(num_samples, 64)`, until the standard
        error of a row is at most this, in the score's unit; None: S samples.
        Stopping by the error itself biases the value by a part of it.
      max_samples: most of a row where there is a tolerance.
      block_size: rows computed at a time; small where single rows must be answered
        fast. Other sizes may give other last bits.
      seed: of all draws.

    Raises:
      InputError: for a number out of range, a model that lacks what the score is made
        of, parameters that are not finite, or a score that wants to be fitted first.

    >>> from vaex.anomaly.reconstruction_probability import ReconstructionProbability
    >>> Scorer(None, {}, None, ReconstructionProbability(), num_samples=0)
    Traceback (most recent call last):
    vaex.errors.InputError: num_samples must be at least 1, got 0
    """

    def __init__(
        self,
        model: Any,
        variables: Any,
        preparation: Any,
        score: Score,
        *,
        num_samples: int = 64,
        tolerance: float | None = None,
        max_samples: int = 4096,
        block_size: int = 16,
        seed: int = 0,
    ):
        _check_numbers(num_samples, tolerance, max_samples, block_size, seed)
        score.check(model)
        if not score.is_fitted:
            kind = type(score).__name__
            raise InputError(
                f"score={score.name} takes numbers from the training data: call "
                f"{kind}(...).fit(model, variables, preparation, rows) and pass what "
                "it returns"
            )
        _check_finite(variables)
        self.model, self.preparation = model, preparation
        self.variables = jax.tree.map(jnp.asarray, variables)
        self.score, self.num_samples, self.tolerance = score, num_samples, tolerance
        self.max_samples, self.block_size, self.seed = max_samples, block_size, seed
        self._arrays = jax.tree.map(jnp.asarray, score.arrays())
        self._program = jax.jit(jax.vmap(self._one, in_axes=(None, None, 0, 0)))

    def __call__(
        self,
        rows: Mapping[str, np.ndarray],
        on_block: Callable[[int], None] = lambda done: None,
    ) -> Scores:
        """Scores of rows as a data set stores them.

        Args:
          rows: `x` [N, *E], perhaps `mask` [N, *E] (True where observed), `condition`
            [N, C]; anything else is left out.
          on_block: called with the number of rows done.

        Raises:
          InputError: if shapes do not fit, there is no row, or an observed value is
            not finite.
        """
        shape = getattr(getattr(self.model, "likelihood", None), "event_shape", None)
        known = checked_rows(rows, shape)
        words = np.empty((len(known["x"]), 2), np.uint32)
        for places, group in groups(known):
            words[places] = row_words(group, self.seed)
        return self.with_words(known, words, on_block)

    def with_words(
        self,
        rows: Mapping[str, np.ndarray],
        words: np.ndarray,
        on_block: Callable[[int], None] = lambda done: None,
    ) -> Scores:
        """Scores of rows that draw by given words, as `__call__` would draw by theirs.

        Args:
          rows: float32 as `checked_rows` gives them.
          words: [N, 2] uint32.
          on_block: called with the number of rows done.
        """
        total, done = len(rows["x"]), 0
        found: dict[str, np.ndarray] = {}
        for places, group in groups(dict(rows)):
            parts, own = [], words[places]
            for start in range(0, len(places), self.block_size):
                parts.append(self._block(own, group, start))
                done += min(self.block_size, len(places) - start)
                on_block(done)
            for name in parts[0]:
                values = np.concatenate([np.asarray(part[name]) for part in parts])
                whole = found.setdefault(
                    name, np.empty((total, *values.shape[1:]), values.dtype)
                )
                whole[places] = values[: len(places)]
        return Scores(
            found["value"].astype(np.float64),
            found["se"].astype(np.float64),
            found["num_samples"].astype(np.int64),
            found.get("attribution"),
        )

    def _block(
        self, words: np.ndarray, rows: Mapping[str, np.ndarray], start: int
    ) -> dict[str, Array]:
        """Results of one block, filled up with its first row."""
        index = np.arange(start, start + self.block_size)
        index[index >= len(words)] = start
        few = {name: values[index] for name, values in rows.items()}
        return self._program(self.variables, self._arrays, words[index], few)

    def _one(
        self, variables: Any, arrays: Any, words: Array, row: Any
    ) -> dict[str, Array]:
        """Results of one row."""
        key = jax.random.wrap_key_data(words, impl="threefry2x32")
        stored = {name: values[None] for name, values in row.items()}
        example = Example.prepared(
            self.model, variables, self.preparation, stored, key, arrays
        )
        score, log = self.score, self.score.is_log_mean
        prepared = score.prepare(example, named_fold(key, "optimise"))
        least = self.num_samples if score.is_random else 1
        size = min(least, CHUNK)

        def step(chunk: Array | int, before: Moments | None, most: int) -> Moments:
            draws = score.draw(example, prepared, fold_in(key, chunk), size)
            if before is None:
                before = nothing(*draws, log)
            places = jnp.arange(size) + chunk * size
            valid = None if most % size == 0 else places < most
            return added(before, *draws, valid, log)

        def error(moments: Moments) -> Array:
            return score.finish(*mean_and_error(moments, log), arrays)[1]

        tolerance = self.tolerance if score.is_random else None
        if tolerance is None:
            moments = step(0, None, least)
            if least > size:
                chunks = -(-least // size)
                moments = jax.lax.fori_loop(
                    1, chunks, lambda i, before: step(i, before, least), moments
                )
        else:
            chunks = -(-least // size)
            last = max(chunks, -(-self.max_samples // size))
            _, moments = jax.lax.while_loop(
                lambda s: (
                    (s[0] < last) & ((s[0] < chunks) | ~(error(s[1]) <= tolerance))
                ),
                lambda s: (s[0] + 1, step(s[0], s[1], self.max_samples)),
                (jnp.int32(1), step(0, None, self.max_samples)),
            )
        value, se = score.finish(*mean_and_error(moments, log), arrays)
        value = _impossible(value)
        count = moments.count if score.is_random else 0 * moments.count
        found = {"value": value, "num_samples": count.astype(jnp.int32)}
        found["se"] = se if score.is_random else jnp.zeros_like(value)
        if moments.attribution is not None:
            found["attribution"] = _impossible(moments.attribution / moments.count)
        return found


def _impossible(values: Array) -> Array:
    """Infinite where what a row leads to is beyond float32, as in inf - inf."""
    return jnp.where(jnp.isnan(values), jnp.inf, values)


def _check_finite(variables: Any) -> None:
    params = variables.get("params", {}) if isinstance(variables, Mapping) else {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if not np.isfinite(np.asarray(leaf)).all():
            raise InputError(
                "variables must hold finite parameters, but some of "
                f"{jax.tree_util.keystr(path)} are not: training diverged; train again "
                "with a smaller learning rate"
            )


def _check_numbers(
    num_samples: int,
    tolerance: float | None,
    max_samples: int,
    block_size: int,
    seed: int,
) -> None:
    for name, value in (("num_samples", num_samples), ("block_size", block_size)):
        if value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    if not 0 <= seed < 2**32:
        raise InputError(f"seed must lie between 0 and 2^32 - 1, got {seed}")
    if tolerance is None:
        return
    if not tolerance > 0:
        raise InputError(
            f"tolerance must be above 0, got {tolerance}; None draws num_samples"
        )
    if max_samples < num_samples:
        raise InputError(
            f"max_samples must be at least num_samples = {num_samples}, got "
            f"{max_samples}"
        )
