"""A whole run: data to results, recorded in its directory."""

import contextlib
import shutil
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

from vaex.cli import _console
from vaex.cli._check import check
from vaex.cli._drawing import draw_run
from vaex.cli._evaluate import Estimator, evaluate
from vaex.cli._progress import MetricsLog, TrainingProgress
from vaex.errors import InputError, RunError, Unfit
from vaex.evaluation.units import in_data_units
from vaex.io import checkpoint
from vaex.io.load import LoadedRun
from vaex.io.parts import Parts, assemble
from vaex.io.run_directory import RunDirectory
from vaex.training.calibration import calibrate
from vaex.training.config import TrainConfig
from vaex.training.loop import Diverged, initial_state, iterate
from vaex.training.order import BatchOrder
from vaex.training.state import TrainState, model_variables


def train(
    config: dict[str, Any], folder: Path, *, keep_refused: bool = False
) -> dict[str, Any]:
    """Trains the run of a configuration, or returns it if it is finished.

    Args:
      config: resolved.
      folder: the run directory; may hold what Hydra wrote there.
      keep_refused: leave a record of a refused configuration (in a sweep) rather
        than no directory at all.

    Returns:
      The results, as in `results.json`.

    Raises:
      InputError: if the configuration or the data cannot work.
      Diverged: if the loss is not finite.
    """
    directory = RunDirectory(folder)
    if config["run"]["fresh"]:
        _move_aside(directory)
    finished = directory.results()
    if finished is not None and directory.status().get("state") == "finished":
        _console.say("finished before; run.fresh=true trains anew")
        for change in directory.changed_code():
            _console.say(f"note: it was computed with {change}")
        _console.show_results(finished)
        _console.show_paths(directory)
        return finished
    known = (directory.path / "status.json").is_file()
    try:
        parts = assemble(config)
        trainer = TrainConfig(**config["trainer"])
        num_train = len(parts.dataset.splits["train"]["x"])
        order = BatchOrder(config["seed"], num_train, trainer.batch_size_for(num_train))
        check(parts, order.batch_size)
        estimator = Estimator.of(parts, config)
        directory.start(config, _facts(parts))
    except BaseException as error:
        if keep_refused and isinstance(error, Exception):
            _record(directory, config, error)
        elif not known:
            discard(directory.path)
        raise
    if known:
        _console.say("an unfinished run was here; it starts again from step 0")
    _announce(parts, trainer, order)
    try:
        return _train(config, directory, parts, trainer, order, estimator)
    except Diverged as error:
        directory.fail("diverged", str(error), f"{error}\n")
        raise RunError(f"{error}; recorded in {directory.path}") from error
    except KeyboardInterrupt:
        directory.set_status("interrupted")
        raise
    except Exception as error:
        directory.fail("failed", str(error), traceback.format_exc())
        raise


def _train(
    config: dict[str, Any],
    directory: RunDirectory,
    parts: Parts,
    trainer: TrainConfig,
    order: BatchOrder,
    estimator: "Estimator",
) -> dict[str, Any]:
    started = time.perf_counter()
    data = jax.device_put(dict(parts.dataset.splits["train"]))
    state = initial_state(parts.experiment, data, order)
    num_steps = trainer.num_steps(order.steps_per_epoch)
    boundary = trainer.boundary(order.steps_per_epoch)
    chunks = iterate(
        parts.experiment, data, order, state, num_steps=num_steps, boundary=boundary
    )
    if boundary:  # compiled before the clock of the progress bar starts
        estimator.quick(model_variables(state), 1)
    with (
        TrainingProgress(num_steps, order.batch_size) as progress,
        MetricsLog(directory, trainer.log_every, order.steps_per_epoch) as log,
    ):
        for chunk in chunks:
            state = chunk.state
            metrics = in_data_units(chunk.metrics, parts.preparation.log_det)
            log.add(chunk.step, metrics)
            progress.advance(chunk.step, metrics)
            if boundary and (chunk.step % boundary == 0 or chunk.step == num_steps):
                held_out = estimator.quick(
                    model_variables(state), trainer.evaluate_examples
                )
                log.add_estimate(chunk.step, estimator.held_out, held_out)
                progress.note(held_out)
    state = calibrate(parts.experiment, state, data)
    seconds = time.perf_counter() - started
    checkpoint.save(directory.checkpoints, int(state.step), state)
    results = _finish(config, directory, parts, estimator, state)
    results["training"] = {
        "steps": num_steps,
        "examples": num_steps * order.batch_size,
        "seconds": round(seconds, 3),
        "examples_per_second": round(num_steps * order.batch_size / seconds, 1),
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
    estimator: "Estimator",
    state: TrainState,
) -> dict[str, Any]:
    run = LoadedRun(directory, config, parts, state)
    results = evaluate(run, estimator, "test")
    if config["run"]["figures"]:
        draw_run(run, results)
    return results


def _announce(parts: Parts, trainer: TrainConfig, order: BatchOrder) -> None:
    dataset = parts.dataset
    sizes = ", ".join(f"{len(s['x'])} {name}" for name, s in dataset.splits.items())
    _console.say(f"data         {dataset.name} {dataset.event_shape}: {sizes}")
    _console.say(f"prepared by  {_console.describe(parts.preparation)}")
    _console.say(f"likelihood   {_console.describe(parts.likelihood)}")
    batch = (
        f"{order.batch_size} examples a step, {order.steps_per_epoch} steps an epoch"
    )
    _console.say(f"trained on   {jax.devices()[0].device_kind}, {batch}")
    if trainer.batch_size is None and order.num_examples < 128:
        _console.say(
            f"note: batches hold all {order.num_examples} examples, as there are "
            "fewer than 128"
        )


def _facts(parts: Parts) -> Mapping[str, Any]:
    return {
        "data": {"name": parts.dataset.name, "checksum": parts.dataset.checksum},
        "preparation": _console.describe(parts.preparation),
        "devices": [device.device_kind for device in jax.devices()],
        "backend": jax.default_backend(),
    }


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
    if folder.is_dir() and {p.name for p in folder.iterdir()} <= {".hydra"}:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # runs/, if it holds nothing else
            folder.parent.rmdir()


def _move_aside(directory: RunDirectory) -> None:
    if not (directory.path / "status.json").is_file():
        return
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
