"""A whole run: data to results, recorded in its directory."""

import contextlib
import shutil
import traceback
from pathlib import Path
from typing import Any

from vaex.cli import _console, _tracking, _training
from vaex.cli._announcement import announce, facts
from vaex.cli._check import check
from vaex.cli._divergence import record_divergence
from vaex.cli._drawing import draw_run
from vaex.cli._evaluate import Estimator, evaluate
from vaex.cli._following import follow, lead
from vaex.cli._same import refuse_another, refuse_other_code
from vaex.cli._signals import Interrupted, StopRequest, stop_request
from vaex.cli._training import Saved, Setup, newest_saved
from vaex.errors import InputError, RunError, Unfit
from vaex.io import checkpoint
from vaex.io.checkpoint_config import CheckpointConfig
from vaex.io.load import LoadedRun
from vaex.io.lock import NAME, locked
from vaex.io.parts import Parts, assemble, open_source
from vaex.io.run_directory import RunDirectory
from vaex.training.calibration import calibrate
from vaex.training.config import TrainConfig
from vaex.training.feed import ready
from vaex.training.loop import Diverged
from vaex.training.order import BatchOrder
from vaex.training.placement import make_cpu_devices
from vaex.training.processes import DistributedConfig, connect, is_first
from vaex.training.state import TrainState


def train(
    config: dict[str, Any], folder: Path, *, keep_refused: bool = False
) -> dict[str, Any]:
    """Trains the run of a configuration, goes on with it, or returns it if finished.

    Args:
      config: resolved.
      folder: the run directory; may hold what Hydra wrote there.
      keep_refused: leave a record of a refused configuration (in a sweep) rather
        than no directory at all.

    Returns:
      The results, as in `results.json`.

    Raises:
      InputError: if the configuration or the data cannot work, the directory holds
        another run, or another process is at work in it.
      Interrupted: if the run was told to stop; what was done is saved.
      RunError: if the loss is not finite, or the disk is full.
    """
    connect(DistributedConfig(**config.get("distributed", {})))
    make_cpu_devices(config["trainer"].get("devices", 1))
    if not is_first():
        return follow(config)
    return lead(lambda: _lead(config, RunDirectory(folder), keep_refused))


def _lead(
    config: dict[str, Any], directory: RunDirectory, keep_refused: bool
) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        stop = stack.enter_context(stop_request())
        _lock(directory, stack)
        if config["run"]["fresh"] and _move_aside(directory):
            stack.close()
            stop = stack.enter_context(stop_request())
            _lock(directory, stack)
        finished = directory.results()
        if finished is not None and directory.status().get("state") == "finished":
            return _again(directory, config, finished)
        return _run(config, directory, stop, keep_refused)


def _lock(directory: RunDirectory, stack: contextlib.ExitStack) -> None:
    record = directory.status()
    holder = f"process {record.get('pid')} on {record.get('host')}"
    try:
        stack.enter_context(locked(directory.path, holder))
    except OSError as error:
        raise InputError(
            f"cannot write the run directory {directory.path}: {error.strerror}; "
            "choose another place with run.root=FOLDER"
        ) from error


def _again(
    directory: RunDirectory, config: dict[str, Any], finished: dict[str, Any]
) -> dict[str, Any]:
    """The results of a finished run."""
    refuse_another(directory, config, open_source(config).checksum())
    _console.say("finished before; run.fresh=true trains anew")
    for change in directory.changed_code():
        _console.say(f"note: it was computed with {change}")
    _console.show_results(finished)
    _console.show_paths(directory)
    _tracking.catch_up(_tracking.open_views(config, directory), directory)
    return finished


def _run(
    config: dict[str, Any],
    directory: RunDirectory,
    stop: StopRequest,
    keep_refused: bool,
) -> dict[str, Any]:
    known = (directory.path / "status.json").is_file()
    try:
        parts = assemble(config)
        setup = _setup(config, directory, parts)
        check(parts, setup.order.batch_size)
        saved = None
        if known:
            refuse_another(directory, config, parts.dataset.checksum)
            saved = newest_saved(directory)
            if saved is not None and not config["run"]["accept_changes"]:
                refuse_other_code(directory)
        step, cursor = 0, 0
        if saved is not None:
            step, cursor = int(saved.path.name), saved.record["metrics"]["bytes"]
        directory.start(config, facts(setup), step=step, cursor=cursor)
    except BaseException as error:
        if keep_refused and not known and isinstance(error, Exception):
            _record(directory, config, error)
        elif not known:
            discard(directory.path)
        raise
    if known:
        _console.say(f"an unfinished run was here; it goes on from step {step}")
    announce(setup)
    try:
        _tracking.begin(setup.views, directory)
        return _train(config, setup, saved, stop)
    except Diverged as error:
        text = record_divergence(directory, parts, setup.order, error)
        raise RunError(text) from error
    except KeyboardInterrupt as error:
        with contextlib.suppress(OSError):
            directory.set_status("interrupted")
        if isinstance(error, Interrupted) and not str(error):
            error.args = ("the same line again goes on from the newest checkpoint",)
        raise
    except OSError as error:
        with contextlib.suppress(OSError):
            directory.fail("failed", str(error), traceback.format_exc())
        raise RunError(
            f"the run in {directory.path} stopped: {error}; mend that and run the "
            "same line again: it goes on from its newest checkpoint"
        ) from error
    except Exception as error:
        with contextlib.suppress(OSError):
            directory.fail("failed", str(error), traceback.format_exc())
        raise
    finally:
        _tracking.end(setup.views, directory)


def _setup(config: dict[str, Any], directory: RunDirectory, parts: Parts) -> Setup:
    trainer = TrainConfig(**config["trainer"])
    num_train = len(parts.dataset.splits["train"]["x"])
    return Setup(
        directory=directory,
        parts=parts,
        trainer=trainer,
        saving=CheckpointConfig(**config["checkpoint"]),
        order=BatchOrder(config["seed"], num_train, trainer.batch_size_for(num_train)),
        estimator=Estimator.of(parts, config),
        views=_tracking.open_views(config, directory),
    )


def _train(
    config: dict[str, Any], setup: Setup, saved: Saved | None, stop: StopRequest
) -> dict[str, Any]:
    directory, parts = setup.directory, setup.parts
    data = ready(parts.dataset.splits["train"])
    at = _training.train(setup, data, _training.start(setup, data, saved), stop)
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
        chosen = at.best
        _console.say(f"the state of step {at.stopping.best_step} is kept, the best")
    state = calibrate(parts.experiment, chosen, data)
    if state is not chosen:
        checkpoint.save(directory.checkpoints, int(state.step), state, at.record())
    directory.set_status("running", checkpoint=int(state.step))
    results = _finish(config, directory, parts, setup.estimator, state)
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
    directory.set_status("finished")
    _console.show_results(results)
    _console.show_paths(directory)
    return results


def _finish(
    config: dict[str, Any],
    directory: RunDirectory,
    parts: Parts,
    estimator: Estimator,
    state: TrainState,
) -> dict[str, Any]:
    run = LoadedRun(directory, config, parts, state)
    results = evaluate(run, estimator, "test")
    if config["run"]["figures"]:
        draw_run(run, results)
    return results


def _record(directory: RunDirectory, config: dict[str, Any], error: Exception) -> None:
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


def _move_aside(directory: RunDirectory) -> bool:
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
