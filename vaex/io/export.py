"""A trained model as a folder of plain files that needs no data set."""

import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from vaex.data.spec import Spec
from vaex.errors import InputError
from vaex.io import _checksums
from vaex.io._model_card import model_card
from vaex.io._tensors import (
    check_fit,
    expected_variables,
    read_tensors,
    write_tensors,
)
from vaex.io.atomic import write_json, write_text
from vaex.io.load import LoadedRun
from vaex.io.rebuilding import Rebuilt, rebuild

FORMAT, VERSION = "vaex export", 2
_CARD = "README.md"


class Export(NamedTuple):
    """A model read back from its folder.

    Attributes:
      parts: model and preparation, rebuilt.
      variables: of the model, for `model.apply`.
      stored: Spec of the data as they were stored.
      facts: what config.json holds: `config`, `spec`, `preparation`, `data`,
        `columns` (names along the last axis, if there are any), `results`,
        `versions`, `step`.
    """

    parts: Rebuilt
    variables: dict[str, Any]
    stored: Spec
    facts: dict[str, Any]


def is_export(folder: Path) -> bool:
    """Whether a folder says that it is an export, whole or damaged."""
    try:
        manifest = json.loads((folder / _checksums.NAME).read_text("utf-8"))
        return manifest.get("format") == FORMAT
    except (OSError, ValueError, AttributeError):
        # Damaged beyond reading: what else an export holds tells.
        names = (_checksums.NAME, "model.safetensors")
        return all((folder / name).is_file() for name in names)


def export_run(run: LoadedRun, folder: str | Path, *, force: bool = False) -> Path:
    """Writes a model that is loaded without its data: see `vaex.load`.

    `model.safetensors` holds the model's variables and, as the tensors spec/train_mean
    and spec/train_std, the moments of the training split, from which preparations and
    parts take their numbers, bit for bit. `config.json` holds the rest: the resolved
    configuration, the Spec of the data, the preparation, and results. `README.md` is a
    model card, which may be edited. `manifest.json`, written last, holds their SHA-256.

    All is written beside the target, read back, and then renamed.

    Args:
      run: with its state; averaged weights where it holds them.
      folder: to make.
      force: replace an earlier export.

    Returns:
      The folder.

    Raises:
      InputError: if the folder is there already, or cannot be written.
    """
    target = Path(folder).absolute()
    _check_target(target, force)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        _write(run, temporary)
        read_export(temporary)
        _replace(temporary, target)
    except OSError as error:
        raise InputError(
            f"cannot write the export {target}: {error.strerror or error}; choose "
            "another place with --out FOLDER"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def read_export(folder: Path) -> Export:
    """Reads an export after checking every byte that it needs.

    Raises:
      InputError: if it is damaged, a part cannot be imported, or the tensors do not
        fit the model.
    """
    what = f"the export {folder}"
    manifest = _checksums.verify(folder, what, free=(_CARD,), fix="; export it again")
    if manifest.get("version") != VERSION:
        raise InputError(
            f"{what} has format version {manifest.get('version')}, this vaex reads "
            f"version {VERSION}; export it again"
        )
    facts = json.loads((folder / "config.json").read_text("utf-8"))
    found, moments = read_tensors(folder / "model.safetensors")
    spec = facts["spec"]
    stored = Spec(
        event_shape=tuple(spec["event_shape"]),
        num_classes=spec["num_classes"],
        condition_dim=spec["condition_dim"],
        train_mean=moments["train_mean"],
        train_std=moments["train_std"],
    )
    try:
        parts = rebuild(facts["config"], stored)
    except InputError as error:
        raise InputError(f"{what} cannot be rebuilt here: {error}") from error
    was, now = facts["preparation"], _preparation(parts.preparation)
    if was != now:
        raise InputError(
            f"{what} was trained with another preparation than its config.json gives "
            f"here: {was}, now {now}; load it with the code that it was trained with"
        )
    check_fit(found, expected_variables(*parts, stored), what)
    return Export(parts, jax.tree.map(jnp.asarray, found), stored, facts)


def _write(run: LoadedRun, folder: Path) -> None:
    dataset, stored = run.parts.dataset, run.parts.dataset.spec()
    count = write_tensors(folder / "model.safetensors", run.variables, stored)
    status, results = run.directory.status(), run.directory.results()
    facts = {
        "format": FORMAT,
        "version": VERSION,
        "spec": {
            "event_shape": list(stored.event_shape),
            "num_classes": stored.num_classes,
            "condition_dim": stored.condition_dim,
        },
        "preparation": _preparation(run.parts.preparation),
        "data": {"name": dataset.name, "checksum": dataset.checksum},
        "columns": list(dataset.columns),
        "step": int(run.state.step),
        "num_parameters": count,
        "versions": status.get("versions", {}),
        "results": results,
        "config": run.config,
    }
    write_json(folder / "config.json", facts)
    write_text(folder / _CARD, model_card(run.config, facts, results))
    _checksums.write_manifest(folder, {"format": FORMAT, "version": VERSION})


def _preparation(preparation: Any) -> dict[str, Any]:
    """What tells one fitted preparation from another."""
    kind = type(preparation)
    path = f"{kind.__module__}.{kind.__qualname__}"
    return {"type": path, "log_det": float(preparation.log_det)}


def _check_target(target: Path, force: bool) -> None:
    if not target.exists():
        return
    if not force:
        raise InputError(
            f"{target} exists already; choose another place with --out FOLDER, or "
            "replace it with --force"
        )
    if not is_export(target) and not (target.is_dir() and not any(target.iterdir())):
        raise InputError(
            f"{target} is no export, and --force replaces nothing else; choose another "
            "place with --out FOLDER"
        )


def _replace(temporary: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    if target.exists():
        target.rename(old)
    temporary.rename(target)
    shutil.rmtree(old, ignore_errors=True)
