"""What configurations have in common that one compiled program can train."""

import json
from collections.abc import Mapping
from typing import Any

from vaex.errors import InputError
from vaex.io.construction import locate
from vaex.io.run_identity import RUN_ONLY
from vaex.training.hparams import scalar_names

NUMERIC = ("objective", "optimizer")
"""Parts whose numbers are traced in the train state."""

WHERE_AND_WHEN = tuple(name for name in RUN_ONLY if name != "checkpoint")
"""Parts that do not matter to a program; when to save decides where chunks end."""


def structure_of(config: Mapping[str, Any]) -> str:
    """A text that is the same for runs which differ in traced numbers and seed only.

    Numbers are the arguments annotated `Scalar` of the objective, the optimizer, and
    of those that they are made of; see `vaex.training.hparams`. All else, an integer
    above all, may change shapes or the program.

    Args:
      config: resolved.
    """
    known = {k: v for k, v in config.items() if k not in (*WHERE_AND_WHEN, "seed")}
    for name in NUMERIC:
        known[name] = _blanked(known[name], name)
    return json.dumps(known, sort_keys=True, default=str)


def _blanked(node: Any, where: str) -> Any:
    """A node with its numbers blanked out."""
    if not isinstance(node, Mapping) or not node.get("_partial_"):
        return node
    try:
        names = scalar_names(locate(str(node["_target_"]), where))
    except (InputError, TypeError, ValueError):  # the run itself says what is wrong
        return node
    found = {}
    for key, value in node.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        blank = key in names and is_number
        found[key] = "number" if blank else _blanked(value, f"{where}.{key}")
    return found
