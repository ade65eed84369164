"""Whether a job of a sweep is to be done here and now."""

import contextlib
from collections.abc import Mapping
from typing import Any

from vaex.cli._jobs import FAILED, Job
from vaex.cli._same import refuse_another
from vaex.cli._stages import move_aside
from vaex.errors import InputError
from vaex.io.lock import InUse, locked
from vaex.io.run_directory import RunDirectory


def take(job: Job, stack: contextlib.ExitStack) -> bool:
    """Takes the lock of a job's run directory, and looks at what is there.

    Args:
      job: of the sweep; what is known of it is entered.
      stack: holds the lock; closed where the job is not to be done.

    Returns:
      Whether the job is to be done: it is not finished, not in the hands of another
      process, and it did not fail before unless `run.retry` is set.

    Raises:
      InputError: if the directory cannot be written.
    """
    directory, config = job.directory, job.config
    try:
        lock(directory, stack)
        if config["run"]["fresh"] and move_aside(directory):
            stack.close()
            lock(directory, stack)
    except InUse as error:
        job.ends("elsewhere", str(error))
        return False
    status = directory.status()
    if _is_done(job, directory, status, config["run"]["retry"]):
        stack.close()
        return False
    return True


def is_open(job: Job) -> bool:
    """Whether a job is to be done; its lock is let go of at once.

    What is known of one that is not, or cannot be, is entered in it.
    """
    with contextlib.ExitStack() as stack:
        try:
            return take(job, stack)
        except Exception as error:
            job.fails(error)
            return False


def lock(directory: RunDirectory, stack: contextlib.ExitStack) -> None:
    """Takes the lock of a run directory.

    Raises:
      InUse: if another process holds it.
      InputError: if the directory cannot be written.
    """
    record = directory.status()
    holder = f"process {record.get('pid')} on {record.get('host')}"
    try:
        stack.enter_context(locked(directory.path, holder))
    except OSError as error:
        raise InputError(
            f"cannot write the run directory {directory.path}: {error.strerror}; "
            "choose another place with run.root=FOLDER"
        ) from error


def _is_done(
    job: Job, directory: RunDirectory, status: Mapping[str, Any], retries: bool
) -> bool:
    state = status.get("state")
    results = directory.results()
    if state == "finished" and results is not None:
        checksum = status.get("data", {}).get("checksum")
        refuse_another(directory, job.config, checksum)
        job.succeeds(results, "finished before")
        return True
    if state == "pruned":
        job.ends("pruned", "stopped by the search before")
        return True
    if state in FAILED and not retries:
        job.ends("failed before", str(status.get("reason", "")))
        return True
    return False
