"""SHA-256 sums of a folder's files, and of the list of them."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vaex.errors import InputError
from vaex.io.atomic import write_json

NAME = "manifest.json"


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes the manifest: facts, the sum of every file, and its own."""
    files = {path.name: _sum(path) for path in sorted(folder.iterdir())}
    manifest = {**facts, "files": files}
    write_json(folder / NAME, {**manifest, "sha256": _own_sum(manifest)})


def verify(folder: Path, what: str, free: tuple[str, ...]) -> dict[str, Any]:
    """The manifest of a folder whose files are as it says.

    Args:
      folder: with a manifest.
      what: the folder in messages.
      free: files that may be edited, or be missing.

    Raises:
      InputError: if the manifest or a file was changed, or a file is missing.
    """
    try:
        manifest = json.loads((folder / NAME).read_text("utf-8"))
        whole = manifest.pop("sha256") == _own_sum(manifest)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise InputError(f"{what} is damaged: {NAME} was changed; export it again")
    for name, expected in manifest["files"].items():
        path = folder / name
        if name in free or (path.is_file() and _sum(path) == expected):
            continue
        how = "was changed" if path.is_file() else "is missing"
        raise InputError(f"{what} is damaged: {name} {how}; export it again")
    return manifest


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _own_sum(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
