"""Tables of numbers as text: comma-separated with an optional header, and .amat."""

import csv
import io
from pathlib import Path

import numpy as np

from vaex.data._streams import content
from vaex.data.missing import is_missing
from vaex.errors import InputError


def _decoded(path: Path) -> str:
    try:
        text = content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} must be text in UTF-8, got byte 0x{error.object[error.start]:02x} "
            f"at {error.start}; save it again in UTF-8"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number_or_nan(cell: str) -> float:
    return float("nan") if is_missing(cell) else float(cell)


def _complaint(
    path: Path, text: str, columns: list[str], width: int, *, missing: bool
) -> str:
    """What is wrong with the first bad cell or row."""
    reader = csv.reader(io.StringIO(text))
    if columns:
        next(row for row in reader if row)
    for cells in reader:
        line = f"{path} line {reader.line_num}"
        if cells and len(cells) != width:
            return f"{line} must have {width} cells like the first, got {len(cells)}"
        for column, cell in enumerate(cells):
            if not _is_number(cell) and not (missing and is_missing(cell)):
                name = f" ({columns[column]!r})" if columns else ""
                hint = "" if columns else "; a header line may hold names only"
                if is_missing(cell):
                    hint = ", or pass missing=true to hide missing cells"
                return (
                    f"{line}, column {column}{name} must be a number, got {cell!r}; "
                    f"write text as numbers, or drop the column or row{hint}"
                )
    return f"{path} is not a comma-separated table of numbers"


def read_csv(path: Path, *, missing: bool = False) -> dict[str, np.ndarray]:
    """The table as `x` [N, C] float64; with a header, the names as `columns` [C].

    The first line is a header if none of its cells is a number.

    Args:
      path: of the file.
      missing: cells that `is_missing` are NaN; else they are refused.
    """
    text = _decoded(path)
    try:
        return _table(path, text, missing=missing)
    except csv.Error as error:
        raise InputError(f"{path} is not a comma-separated table: {error}") from error


def _table(path: Path, text: str, *, missing: bool) -> dict[str, np.ndarray]:
    rows = csv.reader(io.StringIO(text))
    first = next((row for row in rows if row), [])
    has_header = not any(map(_is_number, first))
    columns = [cell.strip() for cell in first] if has_header else []
    if has_header and not any(row for row in rows):
        raise InputError(f"{path} has no rows of numbers; check the file")
    if len(set(columns)) != len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise InputError(f"{path}: column names must differ, {twice!r} is there twice")
    body = io.StringIO(text)
    try:
        while has_header and not body.readline().strip():
            pass
        x = np.loadtxt(
            body,
            delimiter=",",
            comments=None,
            quotechar='"',
            ndmin=2,
            converters=_number_or_nan if missing else None,
            encoding="utf-8",
        )
    except ValueError as error:
        wrong = _complaint(path, text, columns, len(first), missing=missing)
        raise InputError(wrong) from error
    if x.shape[1] != len(first):
        wrong = _complaint(path, text, columns, len(first), missing=missing)
        raise InputError(wrong)
    return {"x": x, "columns": np.array(columns)} if columns else {"x": x}


def read_amat(path: Path) -> dict[str, np.ndarray]:
    """The whitespace-separated table as `x`: uint8 if all are single digits."""
    data = content(path)
    single = _single_digits(np.frombuffer(data, np.uint8))
    if single is not None:
        return {"x": single}
    try:
        x = np.loadtxt(io.StringIO(data.decode("ascii")), comments=None, ndmin=2)
    except ValueError as error:
        raise InputError(
            f"{path} must be a table of numbers separated by spaces, every line of the "
            f"same length: {error}"
        ) from error
    if x.size == 0:
        raise InputError(f"{path} has no rows of numbers; check the file")
    return {"x": x}


def _single_digits(text: np.ndarray) -> np.ndarray | None:
    r"""Fast path: [N, C] from "0 1 1\n0 0 1\n", None where the text is not so.

    The 39 million digits of binarised MNIST take 0.3 s, and 10 s through loadtxt.
    """
    digits, gaps = text[::2], text[1::2]
    ends = np.flatnonzero(gaps == ord("\n"))
    if len(text) % 2 or not len(ends) or len(gaps) % (width := int(ends[0]) + 1):
        return None
    if not np.array_equal(ends, np.arange(width - 1, len(gaps), width)):
        return None
    if np.count_nonzero(gaps == ord(" ")) != len(gaps) - len(ends):
        return None
    values = digits - np.uint8(ord("0"))
    return None if values.max() > 9 else values.reshape(-1, width)
