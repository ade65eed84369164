"""Anomaly scores of a table under a run: score, calibration, p-values, what is odd."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vaex.anomaly.attribution import top_elements
from vaex.anomaly.base import Score
from vaex.anomaly.likelihood_ratio import LikelihoodRatio
from vaex.anomaly.named_scores import score_named
from vaex.anomaly.occlusion import MOST, SUMS, hidden_together, occlusion_parts
from vaex.anomaly.p_values import conformal_p_values
from vaex.anomaly.scorer import Scorer
from vaex.anomaly.scores import Scores
from vaex.anomaly.typicality import Typicality
from vaex.cli._score_input import Table
from vaex.errors import InputError
from vaex.io.export import is_export
from vaex.io.load import load_run

PATTERNS = 32
"""Most ways of hiding cells for which held-out rows are scored anew."""

Rows = Mapping[str, np.ndarray]


class Opened(NamedTuple):
    """A run or an export, as far as scoring needs it.

    Attributes:
      path: of it.
      model: unbound.
      variables: its.
      preparation: stored rows to batches.
      stored: Spec of the data.
      splits: of the run's data; None of an export, which has none.
      columns: names along the last axis, () where they are not known.
    """

    path: Path
    model: Any
    variables: Any
    preparation: Any
    stored: Any
    splits: Mapping[str, Rows] | None
    columns: tuple[str, ...]

    @property
    def parts(self) -> tuple[Any, Any, Any]:
        """Model, variables and preparation."""
        return self.model, self.variables, self.preparation


def open_model(path: str | Path) -> Opened:
    """Reads a run directory with its data, or an export."""
    folder = Path(path)
    if is_export(folder):
        from vaex.loaded_model import load

        found = load(folder)
        parts = (found.model, found.variables, found.preparation)
        return Opened(folder, *parts, found.stored, None, found.columns)
    run = load_run(folder)
    dataset = run.parts.dataset
    return Opened(
        folder,
        run.model,
        run.variables,
        run.parts.preparation,
        dataset.spec(),
        dataset.splits,
        tuple(dataset.columns),
    )


def fitted_score(
    name: str, opened: Opened, num_samples: int, background: str | None, seed: int
) -> Score:
    """The score of a name, with what it takes from the run's training data.

    Args:
      name: of the score.
      opened: the run.
      num_samples: of the scorer.
      background: run or export of the background model.
      seed: of the draws.
    """
    score = score_named(name)
    if (name == "ratio") != (background is not None):
        raise InputError(
            "--score ratio needs --background RUN, the model that it is compared with"
            if name == "ratio"
            else f"--background belongs to --score ratio, got --score {name}"
        )
    if background is not None:
        other = open_model(background)
        _check_same_rows(opened, other)
        return LikelihoodRatio(*other.parts)
    if not score.needs_fit:
        return score
    if opened.splits is None:
        raise InputError(
            f"--score {name} takes numbers from the training data, which the export "
            f"{opened.path} does not hold; give the run directory"
        )
    if isinstance(score, Typicality):
        score = dataclasses.replace(score, num_samples=num_samples)
    return score.fit(*opened.parts, opened.splits["train"], seed=seed)


def _check_same_rows(opened: Opened, other: Opened) -> None:
    """Refuses a background of other rows: both models see the same stored numbers."""
    for name in ("event_shape", "num_classes", "condition_dim"):
        own, its = (getattr(each.stored, name) for each in (opened, other))
        if own != its:
            raise InputError(
                f"--background must be a model of the same rows: {name} is {own}, and "
                f"{its} there; train it on the same data"
            )
    if opened.columns and other.columns and opened.columns != other.columns:
        raise InputError(
            f"--background must be a model of the columns {list(opened.columns)}, got "
            f"{list(other.columns)}; train it on the same data"
        )


def rows_to_score(
    table: Table, mask: np.ndarray, reasons: dict[int, str], wants_mask: bool
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Rows to be scored, and their numbers.

    Args:
      table: as it was read.
      mask: [N, *E], cells that can be used.
      reasons: row -> what is wrong with it; rows that have no cell left are added.
      wants_mask: score what is left of bad rows.
    """
    is_kept = np.asarray(mask.reshape(len(mask), -1).any(1))
    for row in set(np.flatnonzero(~is_kept).tolist()) - table.unread:
        known = f"{reasons[row]}; " if row in reasons else ""
        reasons[row] = f"{known}no cell is left to score"
    is_kept[list(table.unread if wants_mask else reasons)] = False
    kept = np.flatnonzero(is_kept)
    rows = {"x": np.where(mask, table.x, 0.0)[kept], "mask": mask[kept]}
    if table.condition is not None:
        rows["condition"] = table.condition[kept]
    return rows, kept


class Judged(NamedTuple):
    """Scores of rows, with what they are held against.

    Attributes:
      scores: of the rows.
      p_values: [N], NaN where there is none.
      top: [N, k] numbers of the oddest elements, None where nothing says which.
      share: [N, k] of all positive parts. Of occlusion these are parts of the score;
        else what elements have above their mean over held-out rows.
      num_held_out: held-out rows that the p-values are held against, 0 for none.
    """

    scores: Scores
    p_values: np.ndarray
    top: np.ndarray | None
    share: np.ndarray | None
    num_held_out: int


def explanation(wanted: str, score: Score, head: Any, num_rows: int) -> str:
    """How features are blamed: "occlusion" or "parts".

    Args:
      wanted: one of these, or "auto": occlusion where the score allows it and it takes
        no more than 200,000 further scores.
      score: of the rows.
      head: of the model.
      num_rows: N.
    """
    if wanted == "occlusion" and score.name not in SUMS:
        raise InputError(
            f"--attribution occlusion explains the scores {', '.join(SUMS)}, got "
            f"--score {score.name}; use --attribution parts"
        )
    count = len(hidden_together(head))
    if wanted == "occlusion" and count > MOST:
        raise InputError(
            f"--attribution occlusion hides features one by one, at most {MOST}, got "
            f"{count}; use --attribution parts"
        )
    if wanted != "auto":
        return wanted
    passes = 2 * count
    is_cheap = passes <= 2 * 64 and passes * num_rows <= 200_000
    return "occlusion" if is_cheap and score.name in SUMS else "parts"


def judge(
    scorer: Scorer,
    rows: Rows,
    held_out: Rows | None,
    num_features: int,
    how: str,
    on_block: Callable[[int], None],
) -> Judged:
    """Scores rows, and held-out rows to hold them against.

    The p-value of a row with hidden cells is that among held-out rows with the same
    cells hidden, of which all others are seen; where there are none, or cells are
    hidden in too many ways, it has none.

    Args:
      scorer: of the model.
      rows: as they are stored.
      held_out: normal rows that the model was not trained on; None for no p-values.
      num_features: k, elements named for each row.
      how: "occlusion" or "parts".
      on_block: called with the number of scores done: of held-out rows, of the rows,
        and then of the rows without some of their features.
    """
    total, before = len(rows["x"]), 0
    p_values, usual = np.full(total, np.nan), None
    known: dict[bytes, np.ndarray] = {}
    if held_out is not None:
        normal = scorer(held_out, on_block)
        before = len(normal)
        if "mask" not in held_out:
            known[b""] = normal.value
        if normal.attribution is not None:
            usual = normal.attribution.mean(0, dtype=np.float64)
    scores = scorer(rows, lambda done: on_block(before + done))
    mask = rows.get("mask")
    for places, seen in _patterns(mask, total) if held_out is not None else ():
        name = b"" if seen is None else seen.tobytes()
        if name not in known and len(known) <= PATTERNS:
            assert held_out is not None
            alike = _with_cells(held_out, seen)
            known[name] = scorer(alike).value if len(alike["x"]) else np.zeros(0)
        if len(known.get(name, ())):
            p_values[places] = conformal_p_values(known[name], scores.value[places])
    parts, top, share = scores.attribution, None, None
    if how == "occlusion":
        ready = before + total

        def on_pass(done: int, _: int) -> None:
            on_block(ready + done * total)

        parts, usual = occlusion_parts(scorer, rows, on_pass), None
    if parts is not None:
        if usual is not None and mask is not None:
            usual = np.where(parts == 0.0, 0.0, usual)  # of hidden elements
        top, share = top_elements(parts, num_features, usual=usual)
    return Judged(scores, p_values, top, share, before)


def _with_cells(rows: Rows, seen: np.ndarray | None) -> Rows:
    """Rows that have all of these cells (None: all there are), without their others."""
    wanted = np.ones(rows["x"].shape[1:], bool) if seen is None else seen
    if "mask" in rows:
        has = (rows["mask"] | ~wanted).reshape(len(rows["x"]), -1).all(1)
        rows = {name: values[has] for name, values in rows.items()}
    return {**rows, "mask": np.broadcast_to(wanted, rows["x"].shape)}


def _patterns(mask: np.ndarray | None, total: int) -> Any:
    """Rows with the same cells hidden, and which cells are seen; None: all of them."""
    if mask is None:
        yield np.arange(total), None
        return
    flat = mask.reshape(total, -1)
    every, which = np.unique(flat, axis=0, return_inverse=True)
    for number, seen in enumerate(every):
        places = np.flatnonzero(which.ravel() == number)
        yield places, None if seen.all() else seen.reshape(mask.shape[1:])


def held_out_rows(opened: Opened, split: str, most: int) -> Rows | None:
    """Up to `most` rows of a split, evenly spaced over it; None of an export.

    Raises:
      InputError: if there is no such split.
    """
    if opened.splits is None:
        return None
    if split not in opened.splits:
        raise InputError(
            f"--calibration-split must be one of {sorted(opened.splits)}, got {split!r}"
        )
    rows = opened.splits[split]
    total = len(rows["x"])
    chosen = np.unique(np.linspace(0, total - 1, min(most, total)).round().astype(int))
    names = [name for name in ("x", "mask", "condition") if name in rows]
    return {name: np.asarray(rows[name][chosen]) for name in names}
