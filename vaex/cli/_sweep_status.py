"""How far each job of a sweep is, and what to run next."""

import argparse
import json
import shlex
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vaex.sweeps.collection import Collection, collect
from vaex.sweeps.command_line import line_of
from vaex.sweeps.job import Job
from vaex.sweeps.job_state import DONE, FAILED, JobState, state_of
from vaex.sweeps.number_format import duration, plain_number
from vaex.sweeps.swept_keys import Keys, is_numeric, shown

COLOURS = {
    "finished": "green",
    "running": "cyan",
    "pruned": "dim",
    "skipped": "dim",
    "not started": "dim",
    "stale": "yellow",
    "interrupted": "yellow",
}

ORDER = (
    "finished running interrupted stale failed diverged damaged skipped pruned"
).split()

REASONS = 12
"""Reasons that are printed whole; the others are in the runs' error.txt."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument(
        "dir",
        nargs="?",
        default="runs",
        help="folder of a sweep, or one that holds run directories (default: runs)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, no table")


def run(options: argparse.Namespace) -> int:
    """Prints jobs, counts, failures and the next command; 1 if there is more to do."""
    jobs = collect(options.dir)
    keys = Keys(jobs.jobs)
    states = {job: state_of(job) for job in jobs.jobs}
    if options.json:
        print(json.dumps(_as_json(jobs, keys, states), indent=2))
    else:
        _show(jobs, keys, states)
    return 0 if all(state.name in DONE for state in states.values()) else 1


def counts(states: Sequence[JobState]) -> str:
    """How many jobs are in each state.

    >>> counts([JobState("stale"), JobState("finished"), JobState("finished")])
    '2 finished, 1 stale'
    """
    found = Counter(state.name for state in states)
    names = [*(n for n in ORDER if n in found), *(n for n in found if n not in ORDER)]
    return ", ".join(f"{found[name]} {name}" for name in names)


def _show(jobs: Collection, keys: Keys, states: dict[Job, JobState]) -> None:
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(width=120)
    for hint in jobs.hints:
        print(hint)
    if jobs.line is not None:
        print(f"sweep    {jobs.path}\nline     {line_of(jobs.line)}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("job", no_wrap=jobs.line is not None, overflow="fold")
    for key in keys.swept:
        numeric = is_numeric([v for v in keys.values(key) if v is not None])
        table.add_column(key.name, justify="right" if numeric else "left")
    table.add_column("state", no_wrap=True)
    table.add_column("step", justify="right", no_wrap=True)
    table.add_column("ELBO, nats", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    for job in keys.ordered:
        state = states[job]
        colour = COLOURS.get(state.name, "red")
        table.add_row(
            escape(job.name),
            *(escape(shown(keys.value(job, key))) for key in keys.swept),
            f"[{colour}]{state.name}[/]",
            _progress(state),
            "-" if state.elbo is None else plain_number(state.elbo, 3),
            duration(state.seconds),
        )
    console.print(table)
    print(f"{len(jobs.jobs)} jobs: {counts(list(states.values()))}")
    _show_reasons(jobs, keys, states)
    _show_next(jobs, keys, states)


def _progress(state: JobState) -> str:
    if state.step is None:
        return "-"
    done = state.steps in (None, state.step)
    return f"{state.step}" if done else f"{state.step} of {state.steps}"


def _show_reasons(jobs: Collection, keys: Keys, states: dict[Job, JobState]) -> None:
    """Each reason once, with the jobs that it is of."""
    found: dict[tuple[str, str], list[Job]] = {}
    for job in keys.ordered:
        state = states[job]
        if state.name in FAILED or state.reason:
            reason = state.reason or "no reason was recorded"
            found.setdefault((state.name, reason), []).append(job)
    for (name, reason), those in list(found.items())[:REASONS]:
        print(f"{name}: {'; '.join(_in_words(job, keys) for job in those[:4])}", end="")
        print(f"; and {len(those) - 4} more" if len(those) > 4 else "")
        print(f"  {reason}\n  in {those[0].folder}")
    if len(found) > REASONS:
        print(f"and {len(found) - REASONS} more reasons; see error.txt in the runs")


def _in_words(job: Job, keys: Keys) -> str:
    words = " ".join(f"{k.name}={shown(keys.value(job, k))}" for k in keys.swept)
    return words or job.name


def _show_next(jobs: Collection, keys: Keys, states: dict[Job, JobState]) -> None:
    place = shlex.quote(str(jobs.path))
    unfinished = [j for j in keys.ordered if states[j].name not in DONE | {"running"}]
    alive = sum(state.name == "running" for state in states.values())
    if not unfinished and not alive:
        print(f"next     vaex sweep report {place}")
        return
    if alive:  # what waits is theirs, and what failed can wait for them
        words = "job is" if alive == 1 else "jobs are"
        print(f"{alive} {words} at work; look again, or vaex sweep report {place}")
        return
    # What failed may fail again: what was only stopped is named first.
    unfinished.sort(key=lambda job: states[job].name in FAILED)
    told = [job for job in unfinished if job.overrides]
    rest = len(unfinished) - 1
    if unfinished and jobs.line is not None:
        print(f"next     {line_of(jobs.line)}")
        print(f"         goes on with {rest + 1} jobs, returns what is finished")
    elif told:
        print(f"next     {line_of(told[0].overrides)}")
        if rest:
            print(f"         and {rest} more; the line of the sweep does them all")


def _as_json(jobs: Collection, keys: Keys, states: dict[Job, JobState]) -> dict:
    rows = [
        {
            "job": job.number,
            "run": str(job.folder),
            "keys": {key.path: keys.value(job, key) for key in keys.swept},
            **states[job]._asdict(),
        }
        for job in keys.ordered
    ]
    line = None if jobs.line is None else list(jobs.line)
    return {"path": str(jobs.path), "line": line, "jobs": rows}
