"""Several processes: the first leads a run, the others take part in its steps."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import jax

from vaex.cli._signals import Interrupted, StopRequest, stop_request
from vaex.errors import RunError
from vaex.io.checkpoint_config import CheckpointConfig
from vaex.io.parts import assemble
from vaex.training.config import TrainConfig
from vaex.training.feed import ready
from vaex.training.loop import Diverged, initial_state, iterate
from vaex.training.order import BatchOrder
from vaex.training.placement import Placement
from vaex.training.processes import largest, tell

_lead = {"is_under_way": False}
"""Whether the others are in the middle of steps; of a process, as its connection is."""


def lead(run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Runs in the first process, and says when the others need not wait any more.

    Where it fails in the middle of the steps nothing is said: the others wait for a
    step, and end with this process.

    Args:
      run: gives results.
    """
    if _lead["is_under_way"]:
        raise RunError("the processes are out of step with each other; start them anew")
    results = None
    try:
        results = run()
        return results
    finally:
        if not _lead["is_under_way"]:
            tell({"elbo": results["elbo"]["value"] if results else None})


@contextlib.contextmanager
def led(skipped: int) -> Iterator[None]:
    """Steps of the first process that the others take part in, from here on."""
    if not jax.distributed.is_initialized():
        yield
        return
    tell({"skipped": skipped})
    _lead["is_under_way"] = True
    try:
        yield
    except Diverged:  # in all of them
        _lead["is_under_way"] = False
        raise
    _lead["is_under_way"] = False


def agreed(stop: StopRequest, is_over: bool = False) -> tuple[int, bool]:
    """What all processes do after a chunk.

    Args:
      stop: a signal to any of them is one to all.
      is_over: whether the first one's patience has run out.

    Returns:
      The signal's number, 0 for none; and whether training is over.
    """
    number, over = largest((float(stop.number or 0), float(is_over)))
    return int(number), bool(over)


def follow(config: dict[str, Any]) -> dict[str, Any]:
    """Takes part in the steps of the first process's run; writes and prints nothing.

    Args:
      config: resolved, the same as there.

    Returns:
      The held-out ELBO, as results have it.

    Raises:
      Interrupted: if any of the processes was told to stop.
    """
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        stop_request() as stop,
    ):
        number = 0
        while "skipped" in (word := tell(None)):
            with contextlib.suppress(Diverged):
                number = _take_part(config, word["skipped"], stop)
    if number:
        raise Interrupted(number, "")
    return {"elbo": {"value": word["elbo"]}}


def _take_part(config: dict[str, Any], skipped: int, stop: StopRequest) -> int:
    """The steps; a signal's number if they were ended by one."""
    parts = assemble(config)
    trainer = TrainConfig(**config["trainer"])
    saving = CheckpointConfig(**config["checkpoint"])
    data = ready(parts.dataset.splits["train"])
    size = len(parts.dataset.splits["train"]["x"])
    order = BatchOrder(config["seed"], size, trainer.batch_size_for(size))
    num_steps = trainer.num_steps(order.steps_per_epoch)
    ends_at = (trainer.boundary(order.steps_per_epoch), saving.every_steps)
    chunks = iterate(
        parts.experiment,
        data,
        order,
        initial_state(parts.experiment, data, order),  # the first one's comes instead
        num_steps=num_steps,
        boundaries=[every for every in ends_at if every],
        max_skipped=trainer.max_skipped,
        skipped=skipped,
        placement=Placement.of(trainer.devices, order.batch_size),
    )
    for _ in chunks:
        number, is_over = agreed(stop)
        if number or is_over:
            return number
    return 0
