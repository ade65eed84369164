"""A whole run: data to results, recorded in its directory."""

import contextlib
from pathlib import Path
from typing import Any

from vaex.cli import _console, _tracking, _training
from vaex.cli._announcement import announce
from vaex.cli._evaluate import evaluate
from vaex.cli._following import follow, lead
from vaex.cli._same import refuse_another
from vaex.cli._setup import start
from vaex.cli._signals import StopRequest, stop_request
from vaex.cli._stages import begin, failed, finish, move_aside, settle
from vaex.cli._taking import lock
from vaex.io.load import LoadedRun
from vaex.io.parts import open_source
from vaex.io.run_directory import RunDirectory
from vaex.training.feed import ready
from vaex.training.placement import make_cpu_devices
from vaex.training.processes import DistributedConfig, connect, is_first


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
        lock(directory, stack)
        if config["run"]["fresh"] and move_aside(directory):
            stack.close()
            stop = stack.enter_context(stop_request())
            lock(directory, stack)
        finished = directory.results()
        if finished is not None and directory.status().get("state") == "finished":
            return _again(directory, config, finished)
        return _run(config, directory, stop, keep_refused)


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
    setup, saved = begin(config, directory, keep_refused=keep_refused)
    announce(setup)
    try:
        stop.check()
        _tracking.begin(setup.views, directory)
        data = ready(setup.parts.dataset.splits["train"])
        at = _training.train(setup, data, start(setup, saved), stop)
        state = settle(config, setup, at, data)
        stop.check()
        run = LoadedRun(directory, config, setup.parts, state)
        results = evaluate(run, setup.estimator, "test", check=stop.check)
        finish(config, setup, at, state, results)
        _console.show_results(results)
        _console.show_paths(directory)
        return results
    except BaseException as error:
        found = failed(setup, error)
        if found is error:
            raise
        raise found from error
    finally:
        _tracking.end(setup.views, directory)
