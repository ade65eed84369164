"""Which cells of a file's rows are observed, and which are missing."""

from collections.abc import Mapping

import numpy as np

from vaex.data._stored import require_numbers
from vaex.errors import InputError


def observed(
    rows: Mapping[str, np.ndarray],
    masks: Mapping[str, np.ndarray],
    *,
    missing: bool,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Rows whose missing cells are 0, and masks of them.

    Args:
      rows: where they are from -> x [N, *E].
      masks: of those that have one -> [N, *E], 1 where a cell is observed, else 0.
      missing: a NaN is a missing cell, too.

    Returns:
      The rows, and bool masks of all of them, none where nothing is missing.

    Raises:
      InputError: for rows that are no numbers, a mask of another shape, or with
        other values.
    """
    shown = {}
    for where, x in rows.items():
        require_numbers(where, x)
        mask = _checked(masks[where], x.shape, where) if where in masks else True
        if missing and x.dtype.kind == "f":
            mask = mask & ~np.isnan(x)
        shown[where] = mask
    if all(np.all(mask) for mask in shown.values()):
        return dict(rows), {}
    whole = {k: np.broadcast_to(mask, rows[k].shape) for k, mask in shown.items()}
    return {k: np.where(whole[k], x, x.dtype.type(0)) for k, x in rows.items()}, whole


def _checked(mask: np.ndarray, shape: tuple[int, ...], where: str) -> np.ndarray:
    if mask.shape != shape:
        raise InputError(
            f"{where}: mask must have the shape {shape} of x, got {mask.shape}"
        )
    is_number = mask.dtype.kind in "biuf"
    others = mask[~np.isin(mask, (0, 1))] if is_number else mask.reshape(-1)
    if not is_number or others.size:
        raise InputError(
            f"{where}: mask must hold 1 where a cell is observed and 0 where it is "
            f"not, got dtype {mask.dtype} with values such as {others[0]}"
        )
    return mask.astype(bool)
