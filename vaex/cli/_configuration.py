"""Where configurations are, what names a run, and the resolvers for both."""

import dataclasses
import hashlib
import json
import math
import os
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import MissingMandatoryValue

from vaex.cli import _schema
from vaex.cli._suggestions import did_you_mean, paths
from vaex.errors import InputError
from vaex.io.run_identity import identity_of


def config_folder() -> Path:
    """conf/: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "conf", package.parent / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise FileNotFoundError("vaex's conf/ folder was not installed with it")


def slots() -> dict[str, list[str]]:
    """Slot -> names of its options, read from the folders of conf/."""
    folders = sorted(path for path in config_folder().iterdir() if path.is_dir())
    return {f.name: sorted(path.stem for path in f.glob("*.yaml")) for f in folders}


def slots_of_one() -> list[str]:
    """Slots that hold one part; others hold some by their names, as trackers."""
    return [f.name for f in dataclasses.fields(_schema.Root) if f.type is Any]


def run_name(config: dict[str, Any]) -> str:
    """Name of a run's directory: data, head, and a hash of all that matters.

    The hash is of the resolved configuration without run-only parts, with the
    data's checksum in place of their arguments: the same line is the same run,
    wherever its data lie. Where there are no such data the job itself says why.
    """
    from vaex.io.parts import open_source

    known = identity_of(config)
    try:
        source = open_source(config)
        name, checksum = source.name, source.checksum()
    except InputError:
        name, checksum, known = "refused", "", known | {"data": config["data"]}
    text = json.dumps([known, checksum], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    head = str(known["likelihood"]["_target_"]).split(".")[-2:]
    return f"{name}-{head[0]}-{digest}"


def plain(config: Any) -> dict[str, Any]:
    """Resolved plain dicts and lists.

    Raises:
      InputError: for a key of the schema that is missing, one that it does not
        have, an empty `run.root`, or a number that is not finite or beyond 64 bits.
      omegaconf.errors.OmegaConfBaseException: where a value is missing.
    """
    if "hydra" in config:
        own = [key for key in config if key != "hydra"]
        config = OmegaConf.masked_copy(config, own)
    _check_keys(config, _schema.Root, "", config)
    for field in dataclasses.fields(_schema.Root):
        if dataclasses.is_dataclass(field.type):
            _check_keys(config[field.name], field.type, f"{field.name}.", config)
    if not config["run"]["root"]:
        raise InputError("run.root must name a folder, got ''; leave it out for runs/")
    found = {str(key): _plain_node(config[key]) for key in config}
    _check_numbers(found, "")
    return found


def _check_numbers(node: Any, key: str) -> None:
    """Refuses numbers that neither a record in JSON nor a compiled program can hold."""
    if isinstance(node, dict):
        for name, value in node.items():
            _check_numbers(value, f"{key}.{name}" if key else str(name))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            _check_numbers(value, f"{key}[{number}]")
    elif isinstance(node, float) and not math.isfinite(node):
        raise InputError(f"{key} must be a finite number, got {node}")
    elif isinstance(node, int) and abs(node) >= 2**63:
        raise InputError(f"{key} must be a number below 2^63, got {node}")


def _check_keys(found: Any, schema: Any, prefix: str, config: Any) -> None:
    known = [field.name for field in dataclasses.fields(schema)]
    for key in found:
        if key not in known:
            unknown = f"{prefix}{key}"
            near = did_you_mean(unknown, set(paths(config)) - {unknown})
            raise InputError(f"there is no key {unknown!r}{near}")
    for key in known:
        if key not in found:
            raise InputError(f"{prefix}{key} cannot be dropped; give it another value")


def _plain_node(node: Any) -> Any:
    if not OmegaConf.is_config(node):
        return node
    return OmegaConf.to_container(node, resolve=True, throw_on_missing=True)


def register() -> None:
    """Registers the schema, and the resolvers `vaex.run_id` and `vaex.folder`."""
    _schema.register()
    OmegaConf.register_new_resolver(
        "vaex.folder", lambda path: os.path.expanduser(path), replace=True
    )
    OmegaConf.register_new_resolver("vaex.run_id", _run_id, replace=True)


def _run_id(*, _root_: Any) -> str:
    try:
        return run_name(plain(_root_))
    except MissingMandatoryValue:  # the job itself says what is missing
        return "refused"
