"""SHA-256 sums of a folder's files, and of the list of them."""

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from vaex.errors import InputError
from vaex.io.atomic import write_json

NAME = "manifest.json"


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes the manifest: facts, the sum of every file below, and its own."""
    manifest = {**facts, "files": _sums(folder)}
    write_json(folder / NAME, {**manifest, "sha256": _own_sum(manifest)})


def read_manifest(folder: Path, what: str, fix: str = "") -> dict[str, Any]:
    """The facts, and the sums as `files`, of a manifest that is as it was written.

    Args:
      folder: with a manifest.
      what: the folder in messages.
      fix: end of the messages.

    Raises:
      InputError: if the manifest was changed or cannot be read.
    """
    try:
        manifest = json.loads((folder / NAME).read_text("utf-8"))
        whole = manifest.pop("sha256") == _own_sum(manifest)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise InputError(f"{what} is damaged: {NAME} was changed{fix}")
    return manifest


def verify(
    folder: Path, what: str, *, free: Collection[str] = (), fix: str = ""
) -> dict[str, Any]:
    """The manifest of a folder whose files are as it says.

    Args:
      folder: with a manifest.
      what: the folder in messages.
      free: files that may be edited, or be missing.
      fix: end of the messages.

    Raises:
      InputError: if the manifest or a file was changed, or a file is missing.
    """
    manifest = read_manifest(folder, what, fix)
    found = _sums(folder)
    for name, expected in manifest["files"].items():
        if name not in free and found.get(name) != expected:
            how = "was changed" if name in found else "is missing"
            raise InputError(f"{what} is damaged: {name} {how}{fix}")
    return manifest


def _sums(folder: Path) -> dict[str, str]:
    """Relative path -> SHA-256 of every file but the manifest."""
    sums = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if name != NAME:
            with path.open("rb") as file:
                sums[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def _own_sum(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
