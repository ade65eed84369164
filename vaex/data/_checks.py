"""What must hold of a data set before anything is built on it."""

from collections.abc import Mapping, Sequence

import numpy as np

from vaex.data.rows import Rows
from vaex.errors import InputError

Splits = Mapping[str, Mapping[str, np.ndarray]]

_NAMES = ("train", "test", "validation")
_KEYS = {
    "x": None,
    "label": np.int32,
    "mask": np.bool_,
    "condition": np.float32,
    "weight": np.float32,
}


def checked(splits: Splits, num_levels: int | None, columns: tuple[str, ...]) -> Splits:
    """The same splits with C-contiguous arrays, after all that can be wrong.

    The values of `vaex.data.rows.Rows` have been looked at by who made them.

    Raises:
      InputError: naming the split, the key and, for a value, its row and column.
    """
    _check_levels(num_levels)
    missing = [name for name in _NAMES[:2] if name not in splits]
    unknown = sorted(set(splits) - set(_NAMES))
    if missing or unknown:
        raise InputError(
            "splits must be 'train', 'test' and perhaps 'validation', got "
            f"{sorted(splits)}; add {missing or 'none'}, rename {unknown or 'none'}"
        )
    for name, split in splits.items():
        _check_split(f"split {name!r}", split, num_levels, columns)
    shapes = {name: split["x"].shape[1:] for name, split in splits.items()}
    if len(set(shapes.values())) > 1:
        raise InputError(f"x must have one event shape in all splits, got {shapes}")
    widths = {
        name: split["condition"].shape[1] if "condition" in split else 0
        for name, split in splits.items()
    }
    if len(set(widths.values())) > 1:
        raise InputError(
            f"condition must have one width in all splits (0: none), got {widths}"
        )
    return {
        name: {
            key: array if isinstance(array, Rows) else np.ascontiguousarray(array)
            for key, array in split.items()
        }
        for name, split in splits.items()
    }


def _check_levels(num_levels: int | None) -> None:
    if num_levels is None:
        return
    if not isinstance(num_levels, int) or not 2 <= num_levels <= 256:
        raise InputError(
            f"num_levels must be an integer from 2 to 256, got {num_levels!r}; pass "
            "None for real values"
        )


def _check_split(
    where: str,
    split: Mapping[str, np.ndarray],
    num_levels: int | None,
    columns: tuple[str, ...],
) -> None:
    if "x" not in split or set(split) - set(_KEYS):
        raise InputError(
            f"{where} must have the key 'x' and perhaps 'label', 'mask', 'condition', "
            f"'weight', got {sorted(split)}; rename or drop the others"
        )
    x = split["x"]
    stored = np.float32 if num_levels is None else np.uint8
    for key, dtype in {**_KEYS, "x": stored}.items():
        if key in split and split[key].dtype != dtype:
            raise InputError(
                f"{where}: {key} must be {np.dtype(dtype)}, got {split[key].dtype}; "
                f"convert it with .astype(numpy.{np.dtype(dtype)})"
            )
    if x.ndim < 2 or x.size == 0:
        raise InputError(
            f"{where}: x must be [N, ...] with at least one row and element, got shape "
            f"{x.shape}"
        )
    width = split["condition"].shape[-1] if "condition" in split else 0
    shapes = {
        "label": x.shape[:1],
        "mask": x.shape,
        "condition": (len(x), width or 1),
        "weight": x.shape[:1],
    }
    for key, shape in shapes.items():
        if key in split and split[key].shape != shape:
            raise InputError(
                f"{where}: {key} must have shape {shape} for x of shape {x.shape}, got "
                f"{split[key].shape}"
            )
    if columns and len(columns) != x.shape[-1]:
        raise InputError(
            f"columns must have a name for each of the {x.shape[-1]} columns of x, got "
            f"{len(columns)} names"
        )
    _check_values(where, split, num_levels, columns)


def _check_values(
    where: str,
    split: Mapping[str, np.ndarray],
    num_levels: int | None,
    columns: tuple[str, ...],
) -> None:
    x, observed = split["x"], split.get("mask", np.True_)
    if isinstance(x, Rows):
        rule, fix, bad = "", "", np.zeros(0, bool)
    elif num_levels is None:
        rule = "be finite"
        fix = "drop the row, fill the value in, or hide it with a mask"
        bad = observed & ~np.isfinite(x)
    else:
        rule = f"hold the integers 0 to {num_levels - 1}"
        fix = "correct the value or num_levels"
        bad = observed & (x > num_levels - 1)
    report(f"{where}: x", x, bad, columns, rule, fix)
    if "condition" in split:
        condition = split["condition"]
        fix = "drop the row or fill the value in"
        bad = ~np.isfinite(condition)
        report(f"{where}: condition", condition, bad, (), "be finite", fix)
    if "weight" in split:
        _check_weight(f"{where}: weight", split["weight"])


def _check_weight(where: str, weight: np.ndarray) -> None:
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"{where} must be finite and not negative, got {weight[row]} at row {row} "
            f"(counted from 0; {int(bad.sum())} in all); 0 leaves an example out"
        )
    if not weight.any():
        raise InputError(f"{where} must not be 0 throughout: no example would count")


def report(
    where: str,
    x: np.ndarray,
    bad: np.ndarray,
    columns: tuple[str, ...],
    rule: str,
    fix: str,
) -> None:
    """Raises InputError for the first cell [N, *E] in `bad`, if there is one."""
    count = int(np.count_nonzero(bad))
    if count == 0:
        return
    row, *place = (int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
    raise wrong_value(where, x[row, *place], [row, *place], count, columns, rule, fix)


def wrong_value(
    where: str,
    value: object,
    cell: Sequence[int],
    count: int,
    columns: tuple[str, ...],
    rule: str,
    fix: str,
) -> InputError:
    """The error for `count` values that break a rule, the first being at `cell`."""
    row, *place = cell
    column = f"column {place[0]}" if len(place) == 1 else f"element {tuple(place)}"
    name = f" ({columns[place[-1]]!r})" if columns else ""
    values = f"{count} such value{'s' if count > 1 else ''} in all"
    return InputError(
        f"{where} must {rule}, got {value} at row {row}, {column}{name} "
        f"(counted from 0; {values}); {fix}"
    )
