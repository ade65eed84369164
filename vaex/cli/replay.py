"""Go through one step of a run again and say what is not finite: vaex replay RUN."""

import argparse
from typing import Any

from vaex.errors import InputError


def run(argv: list[str]) -> int:
    """Prints the report of a step and writes RUN/replay-STEP.json."""
    parser = argparse.ArgumentParser(
        prog="vaex replay",
        description=__doc__,
        epilog="The steps before it are trained again, by the program of the run, from "
        "the newest state that the run has saved at or before it.",
    )
    parser.add_argument("run", help="a run directory")
    parser.add_argument(
        "--step", type=int, help="which step, from 0; by default where it diverged"
    )
    options = parser.parse_args(argv)

    from vaex.cli import _console
    from vaex.cli._cache import use_compilation_cache
    from vaex.cli._divergence import Examined
    from vaex.io.atomic import write_json
    from vaex.io.load import refuse_other_data
    from vaex.io.parts import assemble
    from vaex.io.run_directory import RunDirectory
    from vaex.training.config import TrainConfig
    from vaex.training.feed import ready
    from vaex.training.order import BatchOrder

    directory = RunDirectory.open(options.run)
    config = directory.config()
    use_compilation_cache()
    parts = assemble(config)
    refuse_other_data(directory, parts)
    trainer = TrainConfig(**config["trainer"])
    num_train = len(parts.dataset.splits["train"]["x"])
    order = BatchOrder(config["seed"], num_train, trainer.batch_size_for(num_train))
    step = _checked(directory, options.step, trainer.num_steps(order.steps_per_epoch))
    for change in directory.changed_code():
        _console.say(f"note: the run was computed with {change}")
    data = ready(parts.dataset.splits["train"])
    state = _state_at(step, directory, parts, data, order)
    _console.say(f"examining step {step} in float32 and float64")
    found = Examined(parts, order, state)
    for line in found.lines():
        _console.say(line)
    path = write_json(directory.path / f"replay-{step}.json", found.to_json())
    _console.say(f"written  {path}")
    return 0


def _checked(directory: Any, step: int | None, num_steps: int) -> int:
    """The step to look at, one that the run has come to.

    Raises:
      InputError: if there is none, or it is out of range.
    """
    from vaex.cli._divergence import stopped_at

    stopped = stopped_at(directory)
    last = num_steps - 1 if stopped is None else int(stopped.name)
    if step is None:
        if stopped is None:
            raise InputError(
                f"--step must be given, as {directory.path} did not diverge: one from "
                f"0 to {last}"
            )
        return last
    if not 0 <= step <= last:
        end = f"the run has {num_steps} steps"
        end = end if stopped is None else f"the run diverged at step {last}"
        raise InputError(
            f"--step must lie between 0 and {last}, got {step}: steps count from 0, "
            f"and {end}"
        )
    return step


def _state_at(step: int, directory: Any, parts: Any, data: Any, order: Any) -> Any:
    """The state that a step starts from: saved, or trained up to from one that is."""
    import jax

    from vaex.cli import _console
    from vaex.cli._divergence import stopped_at
    from vaex.cli._progress import CountProgress
    from vaex.io import checkpoint
    from vaex.training.loop import initial_state, iterate

    stopped, saved = stopped_at(directory), checkpoint.complete(directory.checkpoints)
    saved += [] if stopped is None else [stopped]
    saved = [path for path in saved if int(path.name) <= step]
    if saved:
        newest = max(saved, key=lambda path: int(path.name))
        start = int(newest.name)
        like = jax.eval_shape(lambda: initial_state(parts.experiment, data, order))
        state = checkpoint.restore(newest, like)
        _console.say(f"state of step {start} from {newest}")
    else:
        start, state = 0, initial_state(parts.experiment, data, order)
        _console.say("no state was saved so early: from step 0")
    if start == step:
        return state
    # What the run has skipped is skipped again, whatever the bound was.
    chunks = iterate(
        parts.experiment, data, order, state, num_steps=step, max_skipped=step
    )
    with CountProgress(step, "training") as progress:
        for chunk in chunks:
            state = chunk.state
            progress.update(chunk.step)
            for bad in chunk.skipped:
                _console.say(f"step {bad} is not finite and is left out, as it was")
    return state
