"""Rows of a file to be scored: read even where some of them are bad."""

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vaex.data.formats import read_array
from vaex.data.missing import is_missing
from vaex.errors import InputError


class Table(NamedTuple):
    """Rows as they were read.

    Attributes:
      x: [N, *E] float64; NaN where a cell is missing or is no number.
      columns: names along the last axis, () where there are none.
      reasons: row -> what is wrong with its text, of a .csv.
      unread: rows of `reasons` of which no cell is to be trusted.
      lines: [N] line of each row in a .csv, else None.
      ignored: columns of the file that are no part of a row.
      mask: [N, *E] or None, of a .npz or .mat.
      condition: [N, C] or None, likewise.
    """

    x: np.ndarray
    columns: tuple[str, ...]
    reasons: dict[int, str]
    unread: frozenset[int]
    lines: np.ndarray | None
    ignored: tuple[str, ...]
    mask: np.ndarray | None = None
    condition: np.ndarray | None = None


def read_table(
    path: str | Path,
    event_shape: tuple[int, ...],
    columns: Sequence[str] = (),
    key: str | None = None,
) -> Table:
    """Rows of any file that `data=array` reads, bad ones too.

    Of a .csv with a header, columns are found by the names that the run was trained
    with, in any order, and others are left out.

    Args:
      path: the file.
      event_shape: E of the model's rows.
      columns: names that the run's data had, () for none.
      key: the array's name in a .npz or .mat file.

    Raises:
      InputError: if the file cannot be read, lacks a column, or its rows have another
        shape.
    """
    path = Path(path).expanduser()
    if re.search(r"\.csv(\.gz)?$", path.name, re.IGNORECASE):
        if key is not None:
            raise InputError(
                f"--key names an array of a .npz or .mat file, got {key!r}"
            )
        return _csv(path, event_shape, columns)
    arrays = read_array(path)
    x = _chosen(arrays, key, path)
    if x.dtype.kind not in "biuf":
        raise InputError(f"{path}: x must hold numbers, got dtype {x.dtype}")
    x = _shaped(x.astype(np.float64), event_shape, path)
    mask, condition = arrays.get("mask"), arrays.get("condition")
    if mask is not None:
        mask = _shaped(mask.astype(bool), event_shape, path)
        if len(mask) != len(x):
            raise InputError(
                f"{path}: mask must have a row for each of the {len(x)} rows of x, got "
                f"{len(mask)}"
            )
    return Table(x, tuple(columns), {}, frozenset(), None, (), mask, condition)


def check_condition(condition: np.ndarray | None, size: int, rows: int) -> None:
    """Refuses a condition that the model does not take, or the lack of one.

    Args:
      condition: [N, C] or None.
      size: C of the model, 0 for none.
      rows: N.
    """
    got = "none" if condition is None else condition.shape
    if got == ((rows, size) if size else "none"):
        return
    if size:
        raise InputError(
            "the model is conditional: the rows must come in a .npz file with an array "
            f"`condition` [{rows}, {size}], got {got}"
        )
    raise InputError(f"the model takes no condition, got an array of shape {got}")


def _chosen(arrays: dict[str, np.ndarray], key: str | None, path: Path) -> np.ndarray:
    names = [key] if key is not None else ["X", "x", "X_test", "x_test"]
    others = [name for name in arrays if name not in ("y", "mask", "condition")]
    if key is None and len(others) == 1:
        names = others
    for name in names:
        if name in arrays:
            return arrays[name]
    raise InputError(
        f"--key must say which array of {path} is to be scored, got {key!r} where "
        f"there are {sorted(arrays)}"
    )


def _shaped(x: np.ndarray, event_shape: tuple[int, ...], path: Path) -> np.ndarray:
    found = x[:, None] if x.ndim == 1 and math.prod(event_shape) == 1 else x
    if found.ndim < 2 or math.prod(found.shape[1:]) != math.prod(event_shape):
        raise InputError(
            f"{path}: rows must have the shape {event_shape} that the model was "
            f"trained with, got {x.shape[1:]}; score rows of the same columns"
        )
    if not len(found):
        raise InputError(f"{path} has no rows; check the file")
    return found.reshape(len(found), *event_shape)


def _csv(path: Path, event_shape: tuple[int, ...], columns: Sequence[str]) -> Table:
    width = math.prod(event_shape)
    cells, lines = _cells(path)
    has_header = bool(cells) and not any(map(_is_number, cells[0]))
    header = [name.strip() for name in cells[0]] if has_header else []
    cells, lines = cells[has_header:], lines[has_header:]
    if not cells:
        raise InputError(f"{path} has no rows; check the file")
    places = _places(path, header, columns, width)
    expected = len(header) or width
    if not any(len(row) == expected for row in cells):
        raise InputError(
            f"{path}: rows must have the {expected} columns that the model was trained "
            f"with, got {len(cells[0])}; give the file a header with their names to "
            "leave others out"
        )
    x, reasons, unread = np.full((len(cells), width), np.nan), {}, set()
    for row, found in enumerate(cells):
        if len(found) != expected:
            reasons[row] = f"has {len(found)} cells, not {expected}"
            unread.add(row)
            continue
        for column, place in enumerate(places):
            text = found[place].strip()
            try:
                x[row, column] = float(text)
            except ValueError:
                if is_missing(text) or row in reasons:
                    continue
                name = repr(header[place]) if header else f"column {place}"
                reasons[row] = f"{name} is {text!r}, which is no number"
    names = tuple(header[place] for place in places) if header else tuple(columns)
    ignored = tuple(name for name in header if name not in names)
    shaped = x.reshape(len(x), *event_shape)
    known = names if len(event_shape) == 1 else ()
    return Table(shaped, known, reasons, frozenset(unread), np.array(lines), ignored)


def _cells(path: Path) -> tuple[list[list[str]], list[int]]:
    """The cells of every row that is not empty, and the line that it ends in."""
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix.lower() == ".gz" else data
        text = data.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read as text in UTF-8: {error}; check the path"
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        found = [(row, reader.line_num) for row in reader if row]
    except csv.Error as error:
        raise InputError(f"{path} is not a comma-separated table: {error}") from error
    return [row for row, _ in found], [line for _, line in found]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _places(
    path: Path, header: list[str], columns: Sequence[str], width: int
) -> list[int]:
    """Where each column of a row stands among the cells of the file."""
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise InputError(
            f"{path}: column names must differ, {twice[0]!r} is there twice"
        )
    if header and columns:
        missing = [name for name in columns if name not in header]
        if not missing:
            return [header.index(name) for name in columns]
        raise InputError(
            f"{path} must have the columns that the model was trained with; "
            f"{missing} are missing of {list(columns)}, there are {header}"
        )
    if header and len(header) != width:
        raise InputError(
            f"{path} must have the {width} columns that the model was trained with, "
            f"whose names are not known, got {len(header)}: {header}; leave others out"
        )
    return list(range(width))
