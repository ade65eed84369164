"""Checkpoints: orbax for the arrays, a manifest of SHA-256 sums for the truth."""

import logging
import os
import re
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vaex.errors import InputError
from vaex.io import _checksums
from vaex.io._checksums import NAME, read_manifest, write_manifest
from vaex.io._packing import pack, packed_shapes, unpack

VERSION = 2
"""Of what is saved. In 1 the two and more parameters of an element stood together in a
head's projection; now there is one block for each parameter."""


def save(
    folder: Path, step: int, state: Any, record: Mapping[str, Any] | None = None
) -> Path:
    """Saves a train state as `folder/step`, replacing what is there.

    It is written under another name and renamed when it is whole; its manifest is
    written last.

    Args:
      folder: checkpoints of a run.
      step: the name of this checkpoint.
      state: tree of arrays.
      record: what else belongs to this step, as JSON.

    Returns:
      The checkpoint's folder.

    Raises:
      OSError: if the disk is full, or another error of orbax; earlier checkpoints,
        one of this step too, are then untouched.
    """
    target = folder.absolute() / str(step)
    part = target.with_name(f".{step}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        _write(part / "state", pack(_numbers(state)))
        facts = {
            "step": step,
            "record": dict(record or {}),
            "tree": _describe(state),
            "version": VERSION,
        }
        write_manifest(part, facts)
        remove(target)
        part.rename(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return target


def complete(folder: Path) -> list[Path]:
    """Checkpoints that have a manifest, the newest first."""
    found = [p.parent for p in folder.glob(f"*/{NAME}") if p.parent.name.isdigit()]
    return sorted(found, key=lambda p: int(p.name), reverse=True)


def latest(folder: Path) -> Path | None:
    """The newest checkpoint that has a manifest, None where there is none."""
    return next(iter(complete(folder)), None)


def record_of(checkpoint: Path) -> dict[str, Any]:
    """What was saved beside the state.

    Raises:
      InputError: if the manifest is damaged.
    """
    return manifest_of(checkpoint)["record"]


def remove(checkpoint: Path) -> None:
    """Takes a checkpoint away; half taken away it is none."""
    (checkpoint / NAME).unlink(missing_ok=True)
    shutil.rmtree(checkpoint, ignore_errors=True)


def tidy(folder: Path, keep: Collection[int]) -> None:
    """Removes checkpoints of other steps, and what was not finished."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        whole = path.name.isdigit() and (path / NAME).is_file()
        if not whole or int(path.name) not in keep:
            remove(path)


def verify(checkpoint: Path) -> None:
    """Checks every byte of a checkpoint.

    Raises:
      InputError: if a file is missing or was changed.
    """
    manifest_of(checkpoint)
    _checksums.verify(checkpoint, f"checkpoint {checkpoint}")


def restore(checkpoint: Path, like: Any) -> Any:
    """Restores a state after checking every byte of it.

    Args:
      checkpoint: folder of one checkpoint.
      like: tree of arrays or ShapeDtypeStructs, what the state must be.

    Returns:
      The state, its arrays bound to no device.

    Raises:
      InputError: if a file is missing, was changed, or the state does not fit, or it
        was saved by a vaex of another format.
    """
    verify(checkpoint)
    manifest = manifest_of(checkpoint)
    version = manifest.get("version", 1)
    if version != VERSION:
        raise InputError(
            f"checkpoint {checkpoint} has format version {version}, this vaex reads "
            f"version {VERSION}; train the run anew, in another directory, or use the "
            "vaex that it was trained with"
        )
    saved, wanted = manifest["tree"], _describe(like)
    differing = sorted(
        path
        for path in wanted.keys() | saved.keys()
        if wanted.get(path) != saved.get(path)
    )
    if differing:
        path = differing[0]
        raise InputError(
            f"checkpoint {checkpoint} does not fit the model in {len(differing)} "
            f"places, the first {path}: saved {saved.get(path, 'nothing')}, "
            f"the model has {wanted.get(path, 'nothing')}"
        )
    numbers = jax.eval_shape(_numbers, like)
    target = packed_shapes(numbers)
    target = jax.tree.map(_orbax().utils.to_shape_dtype_struct, target)
    with _checkpointer() as checkpointer:
        found = checkpointer.restore(checkpoint.absolute() / "state", target)
    found = jax.tree.map(_with_keys, like, unpack(found, numbers))
    return jax.tree.map(_uncommitted, found)


def _with_keys(like: Any, numbers: Any) -> Any:
    """Typed keys where there were some."""
    if not _is_key(like):
        return numbers
    impls: list[Any] = []
    jax.eval_shape(lambda key: impls.append(jax.random.key_impl(key)), like)
    return jax.random.wrap_key_data(jnp.asarray(numbers), impl=impls[0])


def _uncommitted(leaf: jax.Array) -> jax.Array:
    """The same values, bound to no device, as those of a state that was just made.

    With arrays bound to one a program that ran before would be compiled again.
    """
    if _is_key(leaf):
        data = jnp.asarray(np.asarray(jax.random.key_data(leaf)))
        return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
    return jnp.asarray(np.asarray(leaf))


def manifest_of(checkpoint: Path) -> dict[str, Any]:
    """The manifest, itself checked.

    Raises:
      InputError: if there is none, or it was changed.
    """
    if not (checkpoint / NAME).is_file():
        raise InputError(f"{checkpoint} is no checkpoint: no {NAME}")
    return read_manifest(checkpoint, f"checkpoint {checkpoint}")


def _orbax() -> Any:
    """Orbax, imported where it is used and told to be quiet.

    It warns of files that it was not asked to join, and shows the traceback of what it
    raises as well.
    """
    from orbax import checkpoint as ocp

    logging.getLogger("absl").addFilter(_is_not_orbax)
    logging.getLogger("orbax").setLevel(logging.CRITICAL)
    return ocp


def _is_not_orbax(record: logging.LogRecord) -> bool:
    return "orbax" not in Path(record.pathname).parts


def _write(folder: Path, tree: dict[str, np.ndarray]) -> None:
    """Has orbax write a file for each array, in this thread."""
    ocp, options = _orbax(), _options()
    handler = ocp.StandardCheckpointHandler(use_ocdbt=False, **options)
    try:
        with ocp.Checkpointer(handler, **options) as checkpointer:
            checkpointer.save(folder, args=ocp.args.StandardSave(tree))
    except ValueError as error:  # as the library below orbax tells of a full disk
        code = re.search(r"os_error_code='(\d+)'", str(error))
        if code is None:
            raise
        raise OSError(int(code[1]), os.strerror(int(code[1]))) from error


def _checkpointer() -> Any:
    return _orbax().StandardCheckpointer(**_options())


def _options() -> dict[str, Any]:
    """Has orbax wait for no other process, where there are any."""
    if jax.process_count() == 1:
        return {}
    options = _orbax().options.MultiprocessingOptions(
        primary_host=jax.process_index(),
        active_processes={jax.process_index()},
        barrier_sync_key_prefix="vaex",
    )
    return {"multiprocessing_options": options}


def _numbers(tree: Any) -> Any:
    """Typed keys as the integers that they hold."""
    return jax.tree.map(lambda a: jax.random.key_data(a) if _is_key(a) else a, tree)


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _describe(tree: Any) -> dict[str, str]:
    """Path -> dtype and shape of every leaf."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {
        jax.tree_util.keystr(path): f"{leaf.dtype}{list(leaf.shape)}"
        for path, leaf in leaves
    }
