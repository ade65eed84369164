"""What is said and recorded of a run before it starts."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from vaex.cli import _console
from vaex.cli._setup import Setup


def announce(setup: Setup) -> None:
    """Prints what is trained, on what, with which data."""
    parts, trainer, order = setup.parts, setup.trainer, setup.order
    dataset = parts.dataset
    sizes = ", ".join(f"{len(s['x'])} {name}" for name, s in dataset.splits.items())
    _console.say(f"data         {dataset.name} {dataset.event_shape}: {sizes}")
    hidden = _hidden(dataset.splits)
    if hidden:
        _console.say(f"missing      {hidden:.1%} of the cells, hidden by the mask")
    _console.say(f"prepared by  {_console.describe(parts.preparation)}")
    _console.say(f"likelihood   {_console.describe(parts.likelihood)}")
    batch = (
        f"{order.batch_size} examples a step, {order.steps_per_epoch} steps an epoch"
    )
    kinds = setup.placement.kinds
    number = f"{len(kinds)} x " if len(kinds) > 1 else ""
    _console.say(f"trained on   {number}{kinds[0]}, {batch}")
    if trainer.batch_size is None and order.num_examples < 128:
        _console.say(
            f"note: batches hold all {order.num_examples} examples, as there are "
            "fewer than 128"
        )


def _hidden(splits: Mapping[str, Mapping[str, Any]]) -> float:
    """Share of the cells that masks in memory hide."""
    masks = [split["mask"] for split in splits.values() if "mask" in split]
    cells = sum(mask.size for mask in masks if isinstance(mask, np.ndarray))
    shown = sum(mask.sum() for mask in masks if isinstance(mask, np.ndarray))
    return float(1 - shown / cells) if cells else 0.0


def facts(setup: Setup) -> Mapping[str, Any]:
    """What `status.json` says beside what the run directory knows."""
    parts = setup.parts
    return {
        "data": {"name": parts.dataset.name, "checksum": parts.dataset.checksum},
        "preparation": _console.describe(parts.preparation),
        "devices": setup.placement.kinds,
        "processes": jax.process_count(),
        "backend": jax.default_backend(),
    }
