"""Rows that cannot be scored as they are: which cells, and why."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from vaex.errors import InputError

BLOCK = 4096
"""Rows looked at in one go."""

SHOWN = 3
"""Most cells named for one row."""


class Inspection(NamedTuple):
    """What can be used of rows.

    Attributes:
      mask: [N, *E], True where a cell can be used; a head that scores cells jointly
        loses all of them with one, unless it leaves hidden ones out exactly.
      reasons: row -> what is wrong with it, in words; rows without fault are not there.
    """

    mask: np.ndarray
    reasons: dict[int, str]


def inspect_rows(
    x: np.ndarray,
    *,
    head: Any,
    preparation: Any,
    num_classes: int | None,
    columns: Sequence[str] = (),
    mask: np.ndarray | None = None,
) -> Inspection:
    """Finds cells that are missing, not levels, or outside of the head's support.

    Args:
      x: [N, *E] numbers as they would be stored, NaN where one is missing.
      head: of the model.
      preparation: stored rows to batches.
      num_classes: K, if the data are levels 0 to K - 1.
      columns: names along the last axis, for the words.
      mask: [N, *E], False where a cell is hidden on purpose, which is no fault.

    >>> from vaex.likelihoods.bernoulli import Bernoulli
    >>> from vaex.preparations.identity import Identity
    >>> parts = {"head": Bernoulli((2,)), "preparation": Identity()}
    >>> x = np.array([[0.0, 1.0], [0.0, 7.0], [np.nan, 1.0]])
    >>> inspect_rows(x, **parts, num_classes=None, columns=["a", "b"]).reasons
    {1: "'b' is 7, outside {0, 1}", 2: "'a' is missing"}
    """
    with np.errstate(over="ignore"):
        stored = np.asarray(x).astype(np.float32)
    shown = np.ones(stored.shape, bool) if mask is None else mask
    known = np.isfinite(stored) & shown
    if num_classes is not None:
        top = num_classes - 1
        inside = known & (stored >= 0) & (stored <= top) & (stored == np.floor(stored))
        allowed: str | None = f"the levels 0 to {top}"
    else:
        inside = np.zeros_like(known)
        for start in range(0, len(stored), BLOCK):
            part = slice(start, start + BLOCK)
            rows = {"x": stored[part], "mask": known[part]}
            prepared = np.asarray(preparation(jax.random.key(0), rows)["x"])
            inside[part] = known[part] & _inside(head, prepared, known[part])
        allowed = None
    reasons = {
        int(row): _words(
            np.asarray(x)[row],
            known[row],
            (inside | ~shown)[row],
            lambda place: allowed or _allowed(head, place),
            columns,
        )
        for row in np.flatnonzero(~(inside | ~shown).reshape(len(x), -1).all(1))
    }
    return Inspection(_usable(head, inside), reasons)


def _inside(head: Any, values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which cells lie in the support; of vectors scored as a whole all or none."""
    if isinstance(getattr(head, "fields", None), Mapping):
        found = np.zeros(values.shape, bool)
        for field in head.fields.values():
            place = list(field["columns"])
            found[:, place] = _inside(field["head"], values[:, place], known[:, place])
        return found
    found = head.support.contains(values)
    if head.support.event_rank:
        # A vector with a missing number is not called wrong for the others.
        whole = known.all(-1)
        found = np.broadcast_to((found | ~whole)[..., None], values.shape)
    return found


def _usable(head: Any, inside: np.ndarray) -> np.ndarray:
    """Cells inside, without those that are scored together with one that is not."""
    if isinstance(getattr(head, "fields", None), Mapping):
        found = inside.copy()
        for field in head.fields.values():
            place = list(field["columns"])
            found[:, place] = _usable(field["head"], inside[:, place])
        return found
    if not head.joint_rank or head.marginalizes:
        return inside
    joint = tuple(range(inside.ndim - head.joint_rank, inside.ndim))
    return np.broadcast_to(inside.all(joint, keepdims=True), inside.shape).copy()


def _words(
    row: np.ndarray,
    known: np.ndarray,
    inside: np.ndarray,
    allowed: Callable[[tuple[int, ...]], str],
    columns: Sequence[str],
) -> str:
    """What is wrong with the first cells of one row."""
    wrong = [tuple(int(i) for i in place) for place in np.argwhere(~inside)]
    said = []
    for place in wrong[:SHOWN]:
        name = f"'{columns[place[-1]]}'" if len(columns) else f"{_number(place)}"
        if known[place]:
            said.append(f"{name} is {row[place]:g}, outside {allowed(place)}")
        elif np.isnan(row[place]):
            said.append(f"{name} is missing")
        else:
            said.append(f"{name} is {row[place]:g}, beyond float32")
    if len(wrong) > SHOWN:
        said.append(f"and {len(wrong) - SHOWN} cells more")
    return ", ".join(said)


def _allowed(head: Any, place: tuple[int, ...]) -> str:
    """The support at one element, in words."""
    if isinstance(getattr(head, "fields", None), Mapping):
        for field in head.fields.values():
            if place[-1] in field["columns"]:
                inner = list(field["columns"]).index(place[-1])
                return _allowed(field["head"], (inner,))
    return head.support.description


def _number(place: tuple[int, ...]) -> str:
    """An element of an event without names.

    >>> _number((3,)), _number((3, 4))
    ('column 3', 'element (3, 4)')
    """
    return f"column {place[0]}" if len(place) == 1 else f"element {place}"


def refuse(reasons: Mapping[int, str], total: int, what: str, fix: str) -> None:
    """Raises InputError that names the first few rows.

    >>> refuse({4: "'a' is missing"}, 9, "a.csv", "mend it")
    Traceback (most recent call last):
    vaex.errors.InputError: a.csv: 1 of 9 rows cannot be scored as ... mend it
    """
    if not reasons:
        return
    first = "; ".join(f"row {row}: {reasons[row]}" for row in sorted(reasons)[:5])
    more = "; ..." if len(reasons) > 5 else ""
    raise InputError(
        f"{what}: {len(reasons)} of {total} rows cannot be scored as they are ({first}"
        f"{more}); {fix}"
    )
