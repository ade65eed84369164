"""Tables with names, good and bad, as .csv files."""

from pathlib import Path

import numpy as np

NAMES = ("age", "height", "pulse", "iron", "salt")


def save(path: Path, rows: list[list[object]], header=NAMES) -> Path:
    lines = [",".join(map(str, row)) for row in ([header] if header else []) + rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def rows_of(table: np.ndarray) -> list[list[object]]:
    return [[repr(float(v)) for v in row] for row in table]


def save_bad(path: Path, table: np.ndarray) -> Path:
    """Rows 1, 2, 4 and 5 are bad: text, a cell too few, missing cells, infinite."""
    rows = rows_of(table[:8])
    rows[1][1] = "tall"
    rows[2] = rows[2][:4]
    rows[4][2:4] = "", "NaN"
    rows[5][0] = "1e300"
    return save(path, rows)
