"""The table of scores: one line for each row of the file, in its order."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vaex.cli import _console
from vaex.cli._score_input import Table
from vaex.cli._scoring import Judged
from vaex.errors import InputError
from vaex.io.atomic import write_text


def write_scores(
    path: Path,
    judged: Judged,
    kept: np.ndarray,
    reasons: Mapping[int, str],
    table: Table,
    elements: Sequence[str],
) -> None:
    """Writes row, score, se, num_samples, p_value, feature_i and share_i, note.

    Args:
      path: of the .csv, written whole or not at all.
      judged: of the rows that were scored.
      kept: [n] their numbers in the file, from 0.
      reasons: row -> what is wrong with it.
      table: all rows.
      elements: names of the elements of the attribution.

    Raises:
      InputError: if the file cannot be written.
    """
    count = 0 if judged.top is None else judged.top.shape[1]
    names = ["row", "score", "se", "num_samples", "p_value"]
    for i in range(1, count + 1):
        names += [f"feature_{i}", f"share_{i}"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, "note"])
    place = dict(zip(kept.tolist(), range(len(kept)), strict=True))
    for row in range(len(table.x)):
        note = reasons.get(row, "")
        if row not in place:
            writer.writerow([row, *[""] * (len(names) - 1), f"not scored: {note}"])
            continue
        found = _cells(judged, place[row], elements)
        note = f"scored without: {note}" if note else ""
        writer.writerow([row, *found, note])
    try:
        write_text(path, text.getvalue())
    except OSError as error:
        raise InputError(
            f"--out: cannot write {path}: {error.strerror or error}; choose another "
            "place"
        ) from error


def _cells(judged: Judged, place: int, elements: Sequence[str]) -> list[Any]:
    """What is written of one row."""
    scores, p_value = judged.scores, judged.p_values[place]
    found: list[Any] = [
        # All digits: sums and comparisons of the file are those of the scores.
        repr(float(scores.value[place])),
        f"{scores.se[place]:.6g}",
        int(scores.num_samples[place]),
        "" if np.isnan(p_value) else f"{p_value:.6g}",
    ]
    if judged.top is None or judged.share is None:
        return found
    for element, share in zip(judged.top[place], judged.share[place], strict=True):
        found += [elements[element], f"{share:.4f}"]
    return found


def say_what_was_found(
    judged: Judged,
    reasons: Mapping[int, str],
    kept: np.ndarray,
    split: str,
    out: Path,
) -> None:
    """What was found, where it is, and what to do next."""
    scored = len(kept)
    bad = len(reasons)
    if bad:
        masked = len(set(reasons) & set(kept.tolist()))
        said = f"{masked} scored without those cells, {bad - masked} without a score"
        _console.say(f"bad rows {bad}: {said}; column `note` says why")
    error = float(np.median(judged.scores.se))
    _console.say(f"scored   {scored} rows, their median s.e. {error:.2g}")
    if judged.num_held_out:
        called = int((judged.p_values <= 0.05).sum())
        among = 0.05 * np.isfinite(judged.p_values).sum()
        _console.say(
            f"odd      {called} rows with p <= 0.05, where {among:.1f} are "
            f"expected of rows like the {judged.num_held_out} of the {split} split"
        )
    else:
        _console.say("odd      no p-values: an export holds no held-out rows")
    _console.say(f"written  {out}")
    order = "p_value, then by score" if judged.num_held_out else "score"
    _console.say(
        f"next     sort it by {order}; --tolerance {error / 4:.1g} makes scores surer"
        if 0 < error < np.inf
        else f"next     sort it by {order}"
    )
