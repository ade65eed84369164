"""The stages of a run: begun, trained, settled, finished, or failed."""

import contextlib
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vaex.cli import _console, _tracking
from vaex.cli._announcement import facts
from vaex.cli._check import check
from vaex.cli._divergence import record_divergence
from vaex.cli._evaluate import Estimator, Programs
from vaex.cli._same import refuse_another, refuse_other_code
from vaex.cli._setup import Position, Saved, Setup, newest_saved
from vaex.errors import InputError, NotSaved, RunError, Unfit
from vaex.io import checkpoint
from vaex.io.checkpoint_config import CheckpointConfig
from vaex.io.load import LoadedRun
from vaex.io.lock import NAME
from vaex.io.parts import Parts, assemble
from vaex.io.run_directory import RunDirectory
from vaex.training.calibration import calibrate
from vaex.training.config import TrainConfig
from vaex.training.loop import Diverged
from vaex.training.order import BatchOrder
from vaex.training.state import TrainState


def begin(
    config: dict[str, Any],
    directory: RunDirectory,
    *,
    keep_refused: bool = False,
    build: Callable[[dict[str, Any], RunDirectory], Setup] | None = None,
) -> tuple[Setup, Saved | None]:
    """Builds a run, holds it against what its directory has, and records its start.

    Args:
      config: resolved.
      directory: of the run, locked.
      keep_refused: leave a record where it is refused.
      build: builds and checks the run; one of a group shares what the group has.

    Returns:
      What to train with, and the checkpoint to go on from.

    Raises:
      InputError: if it cannot work, or the directory holds another run.
    """
    known = (directory.path / "status.json").is_file()
    try:
        setup = (build or build_alone)(config, directory)
        saved = None
        if known:
            refuse_another(directory, config, setup.parts.dataset.checksum)
            saved = newest_saved(directory)
            if saved is not None and not config["run"]["accept_changes"]:
                refuse_other_code(directory)
        step, cursor = 0, 0
        if saved is not None:
            step, cursor = int(saved.path.name), saved.record["metrics"]["bytes"]
        directory.start(config, facts(setup), step=step, cursor=cursor)
    except BaseException as error:
        if keep_refused and not known and isinstance(error, Exception):
            record_refusal(directory, config, error)
        elif not known:
            discard(directory.path)
        raise
    if known and build is None:
        _console.say(f"an unfinished run was here; it goes on from step {step}")
    return setup, saved


def build_alone(config: dict[str, Any], directory: RunDirectory) -> Setup:
    """The run's parts, held against the data and each other."""
    parts = assemble(config)
    setup = make_setup(config, directory, parts)
    check(parts, setup.order.batch_size, setup.init)
    return setup


def make_setup(
    config: dict[str, Any],
    directory: RunDirectory,
    parts: Parts,
    programs: Programs | None = None,
) -> Setup:
    """What the training of a run needs.

    Args:
      config: resolved.
      directory: of the run.
      parts: of the run.
      programs: of the structure, where many runs share them.
    """
    trainer = TrainConfig(**config["trainer"])
    num_train = len(parts.dataset.splits["train"]["x"])
    return Setup(
        directory=directory,
        parts=parts,
        trainer=trainer,
        saving=CheckpointConfig(**config["checkpoint"]),
        order=BatchOrder(config["seed"], num_train, trainer.batch_size_for(num_train)),
        estimator=Estimator.of(parts, config, programs),
        views=_tracking.open_views(config, directory),
    )


def failed(
    setup: Setup, error: BaseException, *, explains: bool = True
) -> BaseException:
    """Records why a run ended, and says it in words for its user.

    Args:
      setup: of the run.
      error: what ended it.
      explains: examine a step that was not finite.

    Returns:
      What to raise.
    """
    directory = setup.directory
    if isinstance(error, Diverged):
        text = record_divergence(
            directory, setup.parts, setup.order, error, explains=explains
        )
        return RunError(text)
    if isinstance(error, KeyboardInterrupt):
        with contextlib.suppress(OSError):
            directory.set_status("interrupted")
        return error
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, OSError):
        error = NotSaved(
            f"the run in {directory.path} stopped: {error}; mend that and run the "
            "same line again: it goes on from its newest checkpoint"
        )
    state = "interrupted" if isinstance(error, NotSaved) else "failed"
    with contextlib.suppress(OSError):
        directory.fail(state, str(error), trace)
    return error


def settle(
    config: dict[str, Any],
    setup: Setup,
    at: Position,
    data: Any,
    wait: Callable[[], None] = lambda: None,
) -> TrainState:
    """The state that a run ends with, saved, and what there is to say of the way.

    Args:
      config: resolved.
      setup: of the run.
      at: its last position.
      data: the training split.
      wait: until its last checkpoint is saved, before that is replaced.
    """
    directory, parts = setup.directory, setup.parts
    if at.stopping.is_over:
        _console.say(
            f"stopped at step {at.step} of {setup.num_steps}: no estimate improved on "
            f"that of step {at.stopping.best_step} for {at.stopping.looks} looks"
        )
    if at.too_long:
        _console.say(
            f"{'warning' if at.too_long > at.step / 10 else 'note'}: {at.too_long} of "
            f"{at.step} steps made no update, as their gradient's norm was above "
            f"updates.skip_above={config['updates']['skip_above']}; metrics.jsonl has "
            "gradient_norm"
        )
    if at.skipped:
        _console.say(
            f"warning: {len(at.skipped)} steps were not finite and left out; see why: "
            f"vaex replay {directory.path} --step {at.skipped[0]}"
        )
    chosen = at.state
    if setup.trainer.keep_best and at.best is not None:
        chosen = at.best.state
        _console.say(f"the state of step {at.stopping.best_step} is kept, the best")
    state = calibrate(parts.experiment, chosen, data)
    if state is not chosen:
        wait()
        checkpoint.save(directory.checkpoints, int(state.step), state, at.record())
    return state


def finish(
    config: dict[str, Any],
    setup: Setup,
    at: Position,
    state: TrainState,
    results: dict[str, Any],
) -> None:
    """Draws the figures, and writes the results: the run is then finished."""
    directory = setup.directory
    if config["run"]["figures"]:
        directory.set_status("running", checkpoint=int(state.step))
        from vaex.cli._drawing import draw_run  # matplotlib: not before it trains

        draw_run(LoadedRun(directory, config, setup.parts, state), results)
    examples = at.step * setup.order.batch_size
    results["training"] = {
        "steps": at.step,
        "examples": examples,
        "checkpoint": int(state.step),
        "skipped": list(at.skipped),
        "seconds": round(at.seconds, 3),
        "examples_per_second": round(examples / at.seconds, 1),
    }
    directory.write_results(results)
    directory.set_status("finished", checkpoint=int(state.step))


def record_refusal(
    directory: RunDirectory, config: dict[str, Any], error: Exception
) -> None:
    refused = isinstance(error, InputError)
    details = f"{error}\n" if refused else "".join(traceback.format_exception(error))
    try:
        directory.start(config, {})
        state = "skipped" if isinstance(error, Unfit) else "failed"
        directory.fail(state, str(error), details)
    except (InputError, OSError):
        return  # the directory itself cannot be written; the error says so


def discard(folder: Path) -> None:
    """Takes away what Hydra wrote for a run that never started."""
    if folder.is_dir() and {p.name for p in folder.iterdir()} <= {".hydra", NAME}:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # runs/, if it holds nothing else
            folder.parent.rmdir()


def move_aside(directory: RunDirectory) -> bool:
    """Moves an earlier run aside; whether there was one."""
    if not (directory.path / "status.json").is_file():
        return False
    number = 1
    while (
        aside := directory.path.with_name(f"{directory.path.name}.{number}")
    ).exists():
        number += 1
    directory.path.rename(aside)
    directory.path.mkdir()
    if (aside / ".hydra").is_dir():
        shutil.copytree(aside / ".hydra", directory.path / ".hydra")
    _console.say(f"the earlier run is now {aside}")
    return True
