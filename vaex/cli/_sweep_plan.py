"""What a sweep would take: jobs, programs, memory, seconds, disk."""

import argparse
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import jax

from vaex.cli import _console
from vaex.cli._cache import use_compilation_cache
from vaex.cli._here import groups_of
from vaex.cli._jobs import FAILED, Job
from vaex.cli._measuring import Measured, Memory, size
from vaex.cli._structure import Structure
from vaex.errors import InputError, Unfit
from vaex.sweeps.job_state import is_held
from vaex.sweeps.number_format import duration
from vaex.training.members import make_core_devices

OPEN = ("new", "unfinished", "stale")
"""States of jobs that the line would train."""

FLAGS = ("--quick", "--retry", "-m", "--multirun")
"""Words among those of the line that are no overrides."""

LISTED = 8
"""Jobs that are listed with what is wrong with them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument(
        "--quick", action="store_true", help="time nothing: memory and disk only"
    )
    parser.add_argument(
        "--retry", action="store_true", help="count in what failed before"
    )
    parser.add_argument(
        "words", nargs=argparse.REMAINDER, help="as after vaex train -m"
    )


def run(options: argparse.Namespace) -> int:
    """Prints the plan; nothing is written into the folder of the runs.

    Raises:
      InputError: if the words cannot work, or memory or disk do not suffice.
    """
    from vaex.cli import _overrides

    flags = {word for word in options.words if word in FLAGS}
    words = [word for word in options.words if word not in FLAGS]
    if options.retry or "--retry" in flags:
        words.append("run.retry=true")
    unknown = [word for word in words if word.startswith("-")]
    if unknown:
        raise InputError(
            f"vaex sweep plan has no {unknown[0]}; it takes {', '.join(FLAGS)} and the "
            "words of vaex train -m"
        )
    _overrides.check(["-m", *words])
    use_compilation_cache()
    jobs, most = composed(words)
    unique = list({job.run: job for job in reversed(jobs) if job.config}.values())[::-1]
    known = {job.run: state_now(job) for job in unique}
    _show_jobs(jobs, unique, known)
    waiting = [job for job in unique if known[job.run] in OPEN]
    quick = options.quick or "--quick" in flags
    if not waiting:
        _console.say("programs  none: there is nothing to train")
        return 0
    return _show_programs(waiting, unique, most, quick=quick)


def composed(words: Sequence[str]) -> tuple[list[Job], int | None]:
    """The jobs of a line, and members of a program at the most.

    Raises:
      InputError: if the line is a search, whose jobs are not known before.
    """
    from hydra import initialize_config_dir
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.override_parser.overrides_parser import OverridesParser

    from vaex.cli import _configuration, _messages
    from vaex.cli._composing import Composer
    from vaex.cli._sweeping import Sweep, _master

    _configuration.register()
    folder = str(_configuration.config_folder())
    try:
        with initialize_config_dir(folder, version_base="1.3"):
            hydra = GlobalHydra.instance().hydra
            assert hydra is not None
            master = _master(hydra, words)
            chosen = master.hydra.sweeper
            if not str(chosen._target_).endswith(("GridSweeper", "BasicSweeper")):
                raise InputError(
                    "vaex sweep plan tells of grids, whose jobs are known before; got "
                    f"{chosen._target_}; leave hydra/sweeper out, and give the space "
                    "as values"
                )
            line = [f"{k}={v}" for k, v in (chosen.get("params") or {}).items()]
            line += list(master.hydra.overrides.task)
            loader = hydra.config_loader
            overrides = OverridesParser.create(config_loader=loader).parse_overrides(
                line
            )
            (batch,) = BasicSweeper.split_arguments(overrides, None)
            most = master.hydra.launcher.get("max_members")
            return Sweep(Composer(loader, master)).compose(batch), most
    except InputError:
        raise
    except Exception as error:
        message = _messages.explain(error, list(words))
        if message is None:
            raise
        raise InputError(message) from error


def state_now(job: Job) -> str:
    """What is in a job's run directory: one of OPEN, or why it would not be trained.

    Args:
      job: with its configuration.
    """
    status, config = job.directory.status(), job.config["run"]
    state = str(status.get("state", "new"))
    if is_held(job.run):
        return "running"
    if state == "new" or config["fresh"]:
        return "new"
    if state in FAILED:
        return "unfinished" if config["retry"] else "failed before"
    if state in ("finished", "pruned"):
        return state
    return "stale" if state == "running" else "unfinished"


def _show_jobs(jobs: Sequence[Job], unique: Sequence[Job], known: dict) -> None:
    counts = Counter(known[job.run] for job in unique)
    refused = [job for job in jobs if not job.config]
    told = [f"{count} {state}" for state, count in counts.items()]
    twice = len(jobs) - len(refused) - len(unique)
    told += [f"{twice} asked for twice"] if twice else []
    told += [f"{len(refused)} that cannot be composed"] if refused else []
    _console.say(f"jobs      {len(jobs)}: {', '.join(told)}")
    for job in refused[:LISTED]:
        _console.say(f"  {job.words}: {job.reason}")
    failed = [job for job in unique if known[job.run] == "failed before"]
    for job in failed[:LISTED]:
        _console.say(f"  {job.words}: {job.directory.status().get('reason', '')}")
    if failed:
        _console.say("  --retry tries what failed before again")


def _show_programs(
    waiting: Sequence[Job], unique: Sequence[Job], most: int | None, *, quick: bool
) -> int:
    groups = list(groups_of(waiting).values())
    if any(len(jobs) > 1 for jobs in groups):
        make_core_devices()
    _console.say(f"programs  {len(groups)} to compile")
    seconds, disk, known = 0.0, 0, True
    for number, jobs in enumerate(groups, 1):
        words = own_words(jobs, unique)
        several = "job" if len(jobs) == 1 else "jobs"
        _console.say(f"program {number}: {len(jobs)} {several}: {words or 'all'}")
        try:
            found = _measured(jobs, most)
        except Unfit as error:
            _console.say(f"  skipped: {error}")
            continue
        if found is None:
            known = False
            continue
        each = len(jobs) * found.disk
        disk += each
        _show_memory(found, found.memory())
        _console.say(f"  disk     {size(each)}: {size(found.disk)} a job at the most")
        if not quick:
            seconds += _show_seconds(found)
    root = waiting[0].run.parent
    free = shutil.disk_usage(_existing(root)).free
    if disk > free:
        raise InputError(
            f"the sweep takes up to {size(disk)} of disk in {root}, and {size(free)} "
            "are free; lower checkpoint.keep, set run.figures=false, or choose another "
            "place with run.root=FOLDER"
        )
    count = jax.local_device_count()
    devices = f"{count} {jax.default_backend()} device{'s' if count > 1 else ''}"
    time = (
        ""
        if quick
        else f"about {duration(seconds)} on {devices}, start-up and figures apart; "
    )
    _console.say(
        f"total     {time}{size(disk)} of {size(free)} of disk"
        + ("" if known else "; programs that are not estimated come on top")
    )
    return 0


def _measured(jobs: Sequence[Job], most: int | None) -> Measured | None:
    """What jobs of a structure take; None where a program of many does not train them.

    Raises:
      InputError: for what is wrong with the first of them.
    """
    structure = Structure(most)
    structure.build(jobs[0].config, jobs[0].directory)
    if not structure.can_train_together:
        _console.say(
            "  not estimated: data on disk, or several devices for a run; its jobs run "
            "one by one"
        )
        return None
    return Measured(structure, jobs)


def _show_memory(found: Measured, memory: Memory) -> None:
    side = f"{found.under_way} at a time, {found.members.size} by one call"
    _console.say(
        f"  memory   {size(memory.total)} of {size(memory.free)} that are free: states "
        f"{size(memory.states)}, data {size(memory.data)}, to work in "
        f"{size(memory.working)}; {side}"
    )


def _show_seconds(found: Measured) -> float:
    seconds = found.seconds()
    count = len(found.jobs)
    each = (seconds.total - seconds.compiling) / count
    step = f"{1e3 * seconds.a_step / found.members.size:.3g} ms a step"
    _console.say(
        f"  seconds  {each:.2g} a job: training {seconds.training / count:.2g} "
        f"({step}), looks {seconds.looks / count:.2g}, evaluation "
        f"{seconds.evaluation / count:.2g}; compiled in {duration(seconds.compiling)}"
    )
    return seconds.total


def own_words(jobs: Sequence[Job], every: Sequence[Job]) -> str:
    """Words that all of some jobs have, and not all that there are.

    >>> one, two = Job(0, ("a=1", "b=1")), Job(1, ("a=1", "b=2"))
    >>> own_words([two], [one, two])
    'b=2'
    """
    shared = set.intersection(*(set(job.overrides) for job in every))
    common = set.intersection(*(set(job.overrides) for job in jobs)) - shared
    return " ".join(word for word in jobs[0].overrides if word in common)


def _existing(folder: Path) -> Path:
    while not os.path.exists(folder):
        folder = folder.parent
    return folder
