"""Where configurations are, what names a run, and the resolvers for both."""

import hashlib
import json
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from vaex.cli import _schema

RUN_ONLY = ("run", "hydra")
"""Parts of a configuration that do not change what is computed."""


def config_folder() -> Path:
    """conf/: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "conf", package.parent / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise FileNotFoundError("vaex's conf/ folder was not installed with it")


def run_name(config: dict[str, Any]) -> str:
    """Name of a run's directory: data, head, and a hash of all that matters.

    The hash is of the resolved configuration without run-only parts, with the
    data's checksum: the same line is the same run, wherever its data lie.
    """
    from vaex.io.construction import construct

    identity = {k: v for k, v in config.items() if k not in RUN_ONLY}
    source = construct(identity["data"], "data", {})
    text = json.dumps([identity, source.checksum()], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    head = str(identity["likelihood"]["_target_"]).split(".")[-2:]
    return f"{source.name}-{head[0]}-{digest}"


def plain(config: Any) -> dict[str, Any]:
    """Resolved plain dicts and lists; raises where a mandatory value is missing."""
    return {
        str(key): _plain_node(config[key]) for key in config if key not in ("hydra",)
    }


def _plain_node(node: Any) -> Any:
    if not OmegaConf.is_config(node):
        return node
    return OmegaConf.to_container(node, resolve=True, throw_on_missing=True)


def register() -> None:
    """Registers the schema and the resolver `vaex.run_id`."""
    _schema.register()
    OmegaConf.register_new_resolver(
        "vaex.run_id",
        lambda *, _root_: run_name(plain(_root_)),
        replace=True,
    )
