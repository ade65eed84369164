"""Scores of rows under the models of an estimator.

N rows, D columns of the model.
"""

import copy
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vaex.anomaly.base import Score
from vaex.anomaly.named_scores import score_named
from vaex.anomaly.occlusion import occlusion_parts
from vaex.anomaly.scorer import Scorer
from vaex.anomaly.scores import Scores
from vaex.errors import InputError
from vaex.sklearn._program import Program

BLOCK = 64
"""Rows scored at a time."""


def score_of(score: Any) -> Score:
    """A score, by itself or by its name."""
    found = score_named(score) if isinstance(score, str) else score
    if not isinstance(found, Score):
        raise InputError(
            'anomaly_score must be a name such as "elbo" or a score of vaex.anomaly, '
            f"got {score!r}"
        )
    return found


def scored(
    program: Program,
    members: Sequence[Any],
    scores: Sequence[Score],
    rows: dict[str, np.ndarray],
    *,
    num_samples: int,
    tolerance: float | None = None,
    seed: int = 0,
) -> Scores:
    """The mean of the models' scores, with its Monte-Carlo error.

    Args:
      program: of the models' structure.
      members: their variables.
      scores: one for each.
      rows: `x` and `mask`, [N, D].
      num_samples: posterior samples of a row and a model.
      tolerance: as `vaex.anomaly.scorer.Scorer` has it.
      seed: of all draws.
    """
    found = []
    for variables, score in zip(members, scores, strict=True):
        scorer = _scorer(program, variables, score, num_samples, tolerance, seed)
        found.append(scorer(rows))
    if len(found) == 1:
        return found[0]
    parts = [one.attribution for one in found if one.attribution is not None]
    return Scores(
        np.mean([one.value for one in found], axis=0),
        np.sqrt(np.mean([one.se**2 for one in found], axis=0) / len(found)),
        np.sum([one.num_samples for one in found], axis=0),
        np.mean(parts, axis=0) if parts else None,
    )


def occluded(
    program: Program,
    members: Sequence[Any],
    scores: Sequence[Score],
    rows: dict[str, np.ndarray],
    *,
    num_samples: int,
    tolerance: float | None = None,
    seed: int = 0,
) -> np.ndarray:
    """The mean of the models' `vaex.anomaly.occlusion_parts`, [N, D]; see `scored`."""
    found = [
        occlusion_parts(
            _scorer(program, variables, score, num_samples, tolerance, seed), rows
        )
        for variables, score in zip(members, scores, strict=True)
    ]
    return np.mean(found, axis=0)


def _scorer(
    program: Program,
    variables: Any,
    score: Score,
    num_samples: int,
    tolerance: float | None,
    seed: int,
) -> Scorer:
    """A scorer that shares its program with earlier ones of the same kind."""
    options = {"num_samples": num_samples, "tolerance": tolerance, "seed": seed}
    parts = (program.model, variables, program.preparation, score)
    if score.needs_fit:  # holds numbers of its own
        return Scorer(*parts, **options, block_size=BLOCK)
    key = (score, *options.values())
    if key not in program.kept:
        program.kept[key] = Scorer(*parts, **options, block_size=BLOCK)
    found = copy.copy(program.kept[key])
    found.variables = jax.tree.map(jnp.asarray, variables)
    return found
