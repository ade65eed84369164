"""A figure on disk, whole or not at all."""

import os
import uuid
from pathlib import Path

from matplotlib.figure import Figure


def save_figure(figure: Figure, path: str | os.PathLike[str], dpi: int = 150) -> Path:
    """Write a figure as PNG, so that a reader never sees half a file.

    The picture is drawn into a temporary file beside `path`, which then takes its
    name; on failure the temporary file is removed and an older figure stays.

    Args:
      figure: what to draw.
      path: a file that ends in .png, in a folder that exists.
      dpi: pixels per inch.

    Returns:
      The path written.

    Raises:
      ValueError: if `path` does not end in .png.
      FileNotFoundError: if the folder does not exist.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_figure(Figure(), folder + "/empty.png").name
    'empty.png'
    """
    target = Path(path)
    if target.suffix.lower() != ".png":
        raise ValueError(
            f"path must end in .png, got {str(path)!r}; pass "
            f"{str(target.with_suffix('.png'))!r}"
        )
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"path must be in a folder that exists, got {str(path)!r}; create "
            f"{str(target.parent)!r} first"
        )
    draft = target.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        figure.savefig(draft, format="png", dpi=dpi)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return target
