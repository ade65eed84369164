"""Whether what is in a run directory is the run that is asked for."""

from typing import Any

from vaex.errors import InputError
from vaex.io.run_directory import RunDirectory
from vaex.io.run_identity import differences, identity_of

SHOWN = 6
"""Differences named in a message."""


def refuse_another(
    directory: RunDirectory, config: dict[str, Any], checksum: str
) -> None:
    """Refuses a directory that holds a run of other settings or other data.

    Args:
      directory: holds a run.
      config: resolved, of what is asked for.
      checksum: of its data.

    Raises:
      InputError: with the differences.
    """
    saved = directory.config()
    found = differences(identity_of(saved), identity_of(config)) if saved else []
    before = directory.status().get("data", {}).get("checksum")
    if before not in (None, checksum):
        found.append(f"the data's checksum was {before[:10]}, is {checksum[:10]}")
    if found:
        raise InputError(
            f"{directory.path} holds another run: {_listed(found)}; leave "
            "hydra.run.dir out, or move that run aside with run.fresh=true"
        )


def refuse_other_code(directory: RunDirectory) -> None:
    """Refuses to go on with a run that other code began.

    Raises:
      InputError: with the differences.
    """
    found = directory.changed_code()
    if found:
        raise InputError(
            f"{directory.path} was begun with other code: {_listed(found)}; "
            "run.accept_changes=true goes on with this code (and perhaps other bits), "
            "run.fresh=true moves it aside and trains anew"
        )


def _listed(found: list[str]) -> str:
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(found[:SHOWN]) + more
