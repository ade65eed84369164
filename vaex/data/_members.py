"""Which arrays of a file are the data, the labels and their splits."""

import numpy as np

from vaex.errors import InputError

Arrays = dict[str, np.ndarray]


def members(
    arrays: Arrays, key: str | None, label: str | None, where: str
) -> dict[str, Arrays]:
    """Picks x, and label where there is one, out of the arrays of a file.

    Args:
      arrays: name -> array, as `read_array` gives them.
      key: the name of x; None: x_train and x_test, X_train and X_test, X, x, or
        the only array that there is.
      label: the name of the labels; None: y where there is one.
      where: the file, for messages.

    Returns:
      "train" and "test" -> arrays where the file has them so, else "all".

    Raises:
      InputError: if the name is not there or not clear, with the names that are.
    """
    for x in ("x", "X") if key is None else ():
        if f"{x}_train" in arrays and f"{x}_test" in arrays:
            return {
                split: _pair(arrays, f"{x}_{split}", label, f"_{split}", where)
                for split in ("train", "test")
            }
    if key is None:
        key = _clear_key(arrays, label or "y", where)
    return {"all": _pair(arrays, key, label, "", where)}


def _clear_key(arrays: Arrays, label: str, where: str) -> str:
    for name in ("X", "x"):
        if name in arrays:
            return name
    rest = [name for name in arrays if name != label]
    if len(rest) != 1:
        raise InputError(
            f"key must say which array of {where} is the data, got None where there "
            f"are {sorted(arrays)}; pass the name of one as key"
        )
    return rest[0]


def _pair(
    arrays: Arrays, key: str, label: str | None, suffix: str, where: str
) -> Arrays:
    """X and, where it is there, label; a label that was asked for must be there."""
    label_key = (label or "y") + suffix
    for argument, name in (("key", key), ("label", label_key if label else key)):
        if name not in arrays:
            raise InputError(
                f"{argument} must be the name of an array in {where}, got {name!r} "
                f"where there are {sorted(arrays)}; pickles are not read"
            )
    pair = {"x": arrays[key]}
    return {**pair, "label": arrays[label_key]} if label_key in arrays else pair


def without_label_column(
    arrays: Arrays, label: str | None, where: str
) -> tuple[Arrays, tuple[str, ...]]:
    """A table with its label column taken out as `y`, and the other columns' names.

    Args:
      arrays: x [N, C], and columns [C] where the names are known.
      label: a name, or a number from 0 where there are no names; None: no label.
      where: the file, for messages.
    """
    x = arrays["x"]
    columns = [str(name) for name in arrays.get("columns", ())]
    if label is None:
        return {"x": x}, tuple(columns)
    known = columns or [str(column) for column in range(x.shape[1])]
    if label not in known:
        raise InputError(
            f"label must be a column of {where}, got {label!r} where there are {known}"
        )
    column = known.index(label)
    rest = [name for name in columns if name != label]
    return {"x": np.delete(x, column, axis=1), "y": x[:, column]}, tuple(rest)
