"""Links of the page to what lies beside it."""

import os
from pathlib import Path
from urllib.parse import quote


def link_to(path: Path, folder: Path | None) -> str:
    """A path as a link from a folder.

    >>> link_to(Path("/a/b c"), Path("/a/d"))
    '../b%20c'
    """
    if folder is None:
        return quote(path.as_posix())
    return quote(Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix())
