"""Which arrays of a file are the data, the labels and their splits."""

from collections.abc import Mapping

import numpy as np

from vaex.errors import InputError

Arrays = dict[str, np.ndarray]


def members(
    arrays: Arrays,
    key: str | None,
    label: str | None,
    where: str,
    weight: str | None = None,
    mask: str | None = None,
) -> dict[str, Arrays]:
    """Picks x, and label, weight and mask where there are some, of a file's arrays.

    Args:
      arrays: name -> array, as `read_array` gives them.
      key: the name of x; None: x_train and x_test, X_train and X_test, X, x, or
        the only array that there is.
      label: the name of the labels; None: y where there is one.
      where: the file, for messages.
      weight: the name of the examples' weights; None: there are none.
      mask: the name of what is observed; None: mask where there is one.

    Returns:
      "train" and "test" -> arrays where the file has them so, else "all".

    Raises:
      InputError: if the name is not there or not clear, with the names that are.
    """
    for x in ("x", "X") if key is None else ():
        if f"{x}_train" in arrays and f"{x}_test" in arrays:
            return {
                split: _chosen(
                    arrays, f"{x}_{split}", label, weight, mask, f"_{split}", where
                )
                for split in ("train", "test")
            }
    if key is None:
        key = _clear_key(arrays, (label or "y", weight, mask or "mask"), where)
    return {"all": _chosen(arrays, key, label, weight, mask, "", where)}


def _clear_key(arrays: Arrays, others: tuple[str | None, ...], where: str) -> str:
    for name in ("X", "x"):
        if name in arrays:
            return name
    rest = [name for name in arrays if name not in others]
    if len(rest) != 1:
        raise InputError(
            f"key must say which array of {where} is the data, got None where there "
            f"are {sorted(arrays)}; pass the name of one as key"
        )
    return rest[0]


def _chosen(
    arrays: Arrays,
    key: str,
    label: str | None,
    weight: str | None,
    mask: str | None,
    suffix: str,
    where: str,
) -> Arrays:
    """X, label and mask where they are there, weight; what was asked for must be."""
    label_key, mask_key = (label or "y") + suffix, (mask or "mask") + suffix
    weight_key = weight and weight + suffix
    asked = {
        "key": key,
        "label": label and label_key,
        "weight": weight_key,
        "mask": mask and mask_key,
    }
    for argument, name in asked.items():
        if name is not None and name not in arrays:
            raise InputError(
                f"{argument} must be the name of an array in {where}, got {name!r} "
                f"where there are {sorted(arrays)}; pickles are not read"
            )
    chosen = {"x": arrays[key]}
    if label_key in arrays:
        chosen["label"] = arrays[label_key]
    if mask_key in arrays:
        chosen["mask"] = arrays[mask_key]
    return chosen if weight_key is None else {**chosen, "weight": arrays[weight_key]}


def without_columns(
    arrays: Arrays, taken: Mapping[str, str | None], where: str
) -> tuple[Arrays, tuple[str, ...]]:
    """A table with some columns taken out of x, and the other columns' names.

    Args:
      arrays: x [N, C], and columns [C] where the names are known.
      taken: argument -> a column's name, or its number from 0 where there are no
        names; None: no such column.
      where: the file, for messages.

    Returns:
      x of the columns that are left, and each that was taken, by its argument.
    """
    x = arrays["x"]
    columns = [str(name) for name in arrays.get("columns", ())]
    known = columns or [str(column) for column in range(x.shape[1])]
    places = {}
    for argument, column in taken.items():
        if column is None:
            continue
        if column not in known:
            raise InputError(
                f"{argument} must be a column of {where}, got {column!r} where there "
                f"are {known}"
            )
        places[argument] = known.index(column)
    if not places:
        return {"x": x}, tuple(columns)
    rest = [name for name in columns if name not in taken.values()]
    found = {argument: x[:, place] for argument, place in places.items()}
    return {"x": np.delete(x, list(places.values()), axis=1), **found}, tuple(rest)
