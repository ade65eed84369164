"""The data sources that there are, and the state of their files."""

import importlib
from pathlib import Path

import vaex.data
from vaex._lazy import definitions
from vaex.data.files import download, require, state
from vaex.data.source import Source
from vaex.errors import InputError


def sources() -> dict[str, type[Source]]:
    """Name -> class of every source, found by walking this folder.

    >>> sources()["digits"].name
    'digits'
    """
    found: dict[str, type[Source]] = {}
    for file in sorted(Path(vaex.data.__path__[0]).glob("[!_]*.py")):
        for name in definitions(file):
            entry = getattr(importlib.import_module(f"vaex.data.{file.stem}"), name)
            if isinstance(entry, type) and issubclass(entry, Source):
                if entry is not Source:
                    found[entry.name] = entry
    return found


def status(source: Source | type[Source]) -> str:
    """Whether a source's files are "ready", "missing" or "damaged" (the worst).

    A source without published files is ready. Nothing is downloaded; every file
    that is there is read once, for its checksum.

    >>> from vaex.data.digits import Digits
    >>> status(Digits)
    'ready'
    """
    states = {state(file) for file in source.files}
    return next((word for word in ("damaged", "missing") if word in states), "ready")


def fetch(name: str) -> tuple[Path, ...]:
    """Makes a source's files ready: downloads what is missing or damaged.

    Args:
      name: of the source, as `sources` lists them.

    Returns:
      The files' paths, in the source's order; () if there is nothing to download.

    Raises:
      InputError: if there is no such source, or a file is not to be had.

    >>> fetch("digits")
    ()
    """
    known = sources()
    if name not in known:
        raise InputError(f"name must be one of {', '.join(known)}, got {name!r}")
    return tuple(
        download(file) if state(file) == "damaged" else require(file)
        for file in known[name].files
    )
