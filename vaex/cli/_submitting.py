"""Elements of a sweep as jobs of Slurm, by submitit."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from vaex.cli import _console
from vaex.cli._element import Element
from vaex.cli._processes import OnEnd
from vaex.cli._signals import Interrupted, StopRequest, stop_request
from vaex.errors import InputError, RunError

LONGEST_WAIT = 5.0
"""Seconds between looks at what has ended."""


def run_submitted(
    cluster: str,
    elements: Sequence[Element],
    folder: Path,
    parameters: Mapping[str, Any],
    on_end: OnEnd,
) -> None:
    """Submits elements as one array of jobs, and waits for them.

    Args:
      cluster: slurm, or local: submitit's, of this machine, all at the same time.
      elements: of the sweep.
      folder: for what submitit writes, on a disk that the nodes have too.
      parameters: submitit's.
      on_end: told of each that has ended.

    Raises:
      InputError: if submitit is missing or refuses the parameters, or there is no
        Slurm.
      RunError: if Slurm refuses the jobs.
      Interrupted: if told to stop. Local ones have saved and ended; those of Slurm
        go on.
    """
    jobs = _submit(cluster, elements, folder, parameters)
    ids = ", ".join(dict.fromkeys(job.job_id.split("_")[0] for job in jobs))
    of = "Slurm" if cluster == "slurm" else "submitit"
    _console.say(f"{of}'s job {ids}; logs in {folder}")
    with stop_request() as stop:
        goes_on = cluster == "slurm"
        _wait(jobs, on_end, stop, ends_them=not goes_on)
        if stop.number is not None:
            if not goes_on:
                raise Interrupted(stop.number)
            raise Interrupted(
                stop.number,
                f"Slurm's job {ids} goes on: vaex sweep status tells how far it is, "
                f"scancel {ids} ends it when all is saved, and the same line again "
                "takes up what is left then",
            )


def _wait(
    jobs: Sequence[Any], on_end: OnEnd, stop: StopRequest, *, ends_them: bool
) -> None:
    """Until all jobs have ended, or until told to stop, which may end them first."""
    running, is_ending, seconds = dict(enumerate(jobs)), False, 0.2
    while running and (ends_them or stop.number is None):
        for number, job in list(running.items()):
            if job.done():
                del running[number]
                on_end(number, _how_it_ended(job), job.paths.stdout)
        if stop.number is not None and not is_ending:
            is_ending = True
            for job in running.values():
                _end(job)
        _sleep(seconds, stop)
        seconds = min(1.2 * seconds, LONGEST_WAIT)


def _sleep(seconds: float, stop: StopRequest) -> None:
    """Sleeps, but does not oversleep a signal."""
    until = time.monotonic() + seconds
    number = stop.number
    while stop.number == number and time.monotonic() < until:
        time.sleep(0.1)


def _submit(
    cluster: str,
    elements: Sequence[Element],
    folder: Path,
    parameters: Mapping[str, Any],
) -> list[Any]:
    try:
        submitit = import_module("submitit")
    except ImportError as error:
        raise InputError(
            f"hydra.launcher.where={cluster} needs submitit, which is not installed: "
            "pip install 'vaex-jax[sweeps]'"
        ) from error
    chosen = {"name": "vaex", "stderr_to_stdout": True, **parameters}
    if cluster == "slurm" and not {"timeout_min", "slurm_time"} & set(chosen):
        raise InputError(
            "hydra.launcher.timeout_min must be given for Slurm: minutes that a job of "
            "it may take, got null; what is not done by then is saved and put in the "
            "queue again"
        )
    if cluster == "local":
        chosen = {"timeout_min": 7 * 24 * 60, **chosen}
    try:
        executor = submitit.AutoExecutor(folder=folder, cluster=cluster)
        executor.update_parameters(**chosen)
    except (RuntimeError, NameError, TypeError, ValueError, AssertionError) as error:
        raise InputError(
            f"submitit refuses hydra.launcher.where={cluster} with {chosen}: {error}"
        ) from error
    try:
        return list(executor.submit_array(elements))
    except (OSError, RuntimeError, TypeError) as error:
        raise RunError(f"the jobs could not be submitted: {error}") from error


def _end(job: Any) -> None:
    """Has a local job save and end; its number is that of its process."""
    try:
        os.kill(int(job.job_id), signal.SIGTERM)
    except ProcessLookupError:
        return


def _how_it_ended(job: Any) -> str:
    return f"job {job.job_id} ended as {job.state}"
