"""Checkpoints: orbax for the arrays, a manifest of SHA-256 sums for the truth."""

import hashlib
import json
import logging
import shutil
from pathlib import Path
from typing import Any

import jax

from vaex.errors import InputError
from vaex.io.atomic import write_json


def save(folder: Path, step: int, state: Any) -> Path:
    """Saves a train state under `folder/step`, replacing what is there.

    The manifest is written last: a checkpoint without it is not one.

    Args:
      folder: checkpoints of a run.
      step: the name of this checkpoint.
      state: tree of arrays.

    Returns:
      The checkpoint's folder.

    Raises:
      OSError: if the disk is full; earlier checkpoints are untouched.
    """
    target = folder.absolute() / str(step)
    (target / "manifest.json").unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with _orbax().StandardCheckpointer() as checkpointer:
        checkpointer.save(target / "state", state)
        checkpointer.wait_until_finished()
    manifest = {"step": step, "tree": _describe(state), "files": _sums(target)}
    manifest["sha256"] = _sum_of(manifest)
    write_json(target / "manifest.json", manifest)
    return target


def latest(folder: Path) -> Path | None:
    """The newest checkpoint that has a manifest, None where there is none."""
    found = [
        p.parent for p in folder.glob("*/manifest.json") if p.parent.name.isdigit()
    ]
    return max(found, key=lambda p: int(p.name), default=None)


def restore(checkpoint: Path, like: Any) -> Any:
    """Restores a state after checking every byte of it.

    Args:
      checkpoint: folder of one checkpoint.
      like: tree of arrays or ShapeDtypeStructs, what the state must be.

    Returns:
      The state.

    Raises:
      InputError: if a file is missing, was changed, or the state does not fit.
    """
    manifest = _manifest(checkpoint)
    found = _sums(checkpoint)
    for name, expected in manifest["files"].items():
        if found.get(name) != expected:
            what = "is missing" if name not in found else "was changed"
            raise InputError(f"checkpoint {checkpoint} is damaged: {name} {what}")
    wanted = _describe(like)
    differing = sorted(
        path
        for path in wanted.keys() | manifest["tree"].keys()
        if wanted.get(path) != manifest["tree"].get(path)
    )
    if differing:
        path = differing[0]
        raise InputError(
            f"checkpoint {checkpoint} does not fit the model in {len(differing)} "
            f"places, the first {path}: saved {manifest['tree'].get(path, 'nothing')}, "
            f"the model has {wanted.get(path, 'nothing')}"
        )
    ocp = _orbax()
    target = jax.tree.map(ocp.utils.to_shape_dtype_struct, like)
    with ocp.StandardCheckpointer() as checkpointer:
        return checkpointer.restore(checkpoint.absolute() / "state", target)


def _manifest(checkpoint: Path) -> dict[str, Any]:
    """The manifest, itself checked."""
    try:
        manifest = json.loads((checkpoint / "manifest.json").read_text("utf-8"))
        whole = manifest.pop("sha256") == _sum_of(manifest)
    except FileNotFoundError as error:
        raise InputError(f"{checkpoint} is no checkpoint: no manifest.json") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise InputError(
            f"checkpoint {checkpoint} is damaged: manifest.json was changed"
        )
    return manifest


def _orbax() -> Any:
    """Orbax, imported where it is used and told to be quiet."""
    from orbax import checkpoint as ocp

    for name in ("absl", "orbax"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return ocp


def _describe(tree: Any) -> dict[str, str]:
    """Path -> dtype and shape of every leaf."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {
        jax.tree_util.keystr(path): f"{leaf.dtype}{list(leaf.shape)}"
        for path, leaf in leaves
    }


def _sums(folder: Path) -> dict[str, str]:
    """Relative path -> SHA-256 of every file but the manifest."""
    sums = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if name != "manifest.json":
            with path.open("rb") as file:
                sums[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def _sum_of(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
