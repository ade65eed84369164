"""Rows on their way to a program: of one type, checked, grouped."""

from collections.abc import Iterator, Mapping

import numpy as np

from vaex.errors import InputError

Rows = dict[str, np.ndarray]


def checked_rows(
    rows: Mapping[str, np.ndarray], event_shape: tuple[int, ...] | None
) -> Rows:
    """The same rows as float32, with hidden cells 0 and a mask only if there are some.

    Args:
      rows: `x` [N, *E], perhaps `mask` and `condition`.
      event_shape: E, where it is known.

    Raises:
      InputError: naming the argument, or the first row with a value not finite.
    """
    if not isinstance(rows, Mapping) or "x" not in rows:
        got = sorted(rows) if isinstance(rows, Mapping) else f"a {type(rows).__name__}"
        raise InputError(f'rows must be a dict with an array "x" [N, ...], got {got}')
    with np.errstate(over="ignore"):
        x = np.asarray(rows["x"]).astype(np.float32)
    wanted = "..." if event_shape is None else ", ".join(map(str, event_shape))
    if x.ndim < 1 or (event_shape is not None and x.shape[1:] != tuple(event_shape)):
        raise InputError(f"x must have shape [N, {wanted}], got {x.shape}")
    if not len(x):
        raise InputError("x must hold at least one row, got none")
    found = {"x": x}
    if rows.get("mask") is not None:
        mask = np.asarray(rows["mask"], bool)
        if mask.shape != x.shape:
            raise InputError(f"mask must have x's shape {x.shape}, got {mask.shape}")
        if not mask.all():
            found = {"x": np.where(mask, x, np.float32(0)), "mask": mask}
    if rows.get("condition") is not None:
        condition = np.asarray(rows["condition"], np.float32)
        if condition.ndim != 2 or len(condition) != len(x):
            raise InputError(f"condition must be [{len(x)}, C], got {condition.shape}")
        found["condition"] = condition
    for name, values in found.items():
        bad = ~np.isfinite(values).reshape(len(x), -1).all(1)
        if bad.any():
            raise InputError(
                f"{name} must be finite, but {int(bad.sum())} of {len(x)} rows are "
                f"not, the first row {int(bad.argmax())}; hide missing cells with a "
                "mask, or leave the rows out"
            )
    return found


def groups(rows: Rows) -> Iterator[tuple[np.ndarray, Rows]]:
    """Places and rows of those that are whole, and of those with hidden cells.

    Each kind has a program of its own, so that what a row goes through does not depend
    on the others. A mask that hides nothing is left out.
    """
    total = len(rows["x"])
    whole = np.ones(total, bool)
    if "mask" in rows:
        whole = rows["mask"].reshape(total, -1).all(1)
    for is_whole in (True, False):
        places = np.flatnonzero(whole == is_whole)
        if len(places):
            few = {name: values[places] for name, values in rows.items()}
            if is_whole:
                few.pop("mask", None)
            yield places, few
