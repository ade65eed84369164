"""Jobs of one structure, trained by one program, each recorded as a run of its own."""

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from vaex.cli import _tracking
from vaex.cli._evaluate import conclude
from vaex.cli._jobs import Job
from vaex.cli._member_steps import Member, MemberSteps, Watch
from vaex.cli._progress import CountProgress
from vaex.cli._session import Session
from vaex.cli._setup import Setup, start
from vaex.cli._signals import Interrupted, StopRequest, stop_request
from vaex.cli._stages import begin, failed, finish, settle
from vaex.cli._structure import Structure
from vaex.cli._taking import take
from vaex.io.load import LoadedRun
from vaex.training.loop import Diverged
from vaex.training.members import core_count
from vaex.training.state import TrainState, model_variables

MOST_THREADS = 8
"""Runs whose results are written at the same time."""

EXPLAINED = 2
"""Members of a block whose divergence is examined at once: it takes some seconds."""


def train_group(
    jobs: Sequence[Job], structure: Structure, watch: Watch | None = None
) -> None:
    """Trains jobs of one structure, a block at a time, and finishes each of them.

    A job that fails fails alone. What became of each is entered in it.

    Args:
      jobs: differ in traced numbers and seed only.
      structure: what they share, and did share in earlier batches.
      watch: told of looks at held-out data.

    Raises:
      Interrupted: if the sweep was told to stop; everything done is saved.
    """
    waiting = list(jobs)
    structure.members(len(waiting))
    size = structure.block
    while waiting:
        block, waiting = waiting[:size], waiting[size:]
        with contextlib.ExitStack() as stack:
            stop = stack.enter_context(stop_request())
            _Block(structure, watch, stack, stop).run(block)


class _Block:
    """Members of one program, from their start to their results."""

    def __init__(
        self,
        structure: Structure,
        watch: Watch | None,
        stack: contextlib.ExitStack,
        stop: StopRequest,
    ):
        self._structure, self._watch, self._stop = structure, watch, stop
        self._stack, self._explained = stack, 0
        self._thread = stack.enter_context(ThreadPoolExecutor(1, "checkpoints"))

    def run(self, jobs: Sequence[Job]) -> None:
        """Trains, evaluates and draws."""
        members: list[Member] = []
        try:
            for job in jobs:
                self._stop.check()
                begun = self._begun(job)
                members += [begun] if begun else []
            going = [m for m in members if not m.session.is_over]
            if going:
                steps = MemberSteps(self._structure, self._watch, self._stop)
                steps.train(going, self.protected)
            members = [m for m in members if m.job.state == "waiting"]
            if self._stop.number is None:
                self._conclude(members)
        except BaseException as error:
            if not isinstance(error, Exception):
                self._interrupt(members, error)
            raise
        if self._stop.number is not None:
            error = Interrupted(self._stop.number)
            self._interrupt(members, error)
            raise error

    def _interrupt(self, members: Sequence[Member], error: BaseException) -> None:
        for member in members:
            if member.job.state == "waiting":
                failed(member.setup, error)

    def _begun(self, job: Job) -> Member | None:
        """The member of a job, None where it cannot begin or need not."""
        lock = self._stack.enter_context(contextlib.ExitStack())
        try:
            if not take(job, lock):
                return None
            setup, saved = begin(
                job.config,
                job.directory,
                keep_refused=True,
                build=self._structure.build,
            )
        except Exception as error:
            lock.close()
            job.fails(error)
            return None
        try:
            at = start(setup, saved, self._structure.init)
            _tracking.begin(setup.views, setup.directory)
            self._stack.callback(_tracking.end, setup.views, setup.directory)
            session = self._stack.enter_context(Session(setup, at, self._thread))
            return Member(job, setup, at, session)
        except Exception as error:
            self._lose(job, setup, error)
            return None

    def _lose(self, job: Job, setup: Setup, error: Exception) -> None:
        explains = not isinstance(error, Diverged) or self._explained < EXPLAINED
        self._explained += isinstance(error, Diverged)
        found = failed(setup, error, explains=explains)
        job.fails(found)

    def protected(self, member: Member, act: Callable[[], Any]) -> bool:
        """Whether something was done for a member; if not the member has failed."""
        try:
            act()
            return True
        except Exception as error:
            self._lose(member.job, member.setup, error)
            return False

    def _conclude(self, members: list[Member]) -> None:
        """Evaluates all, then finishes each."""
        ends: dict[int, TrainState] = {}
        for member in members:
            data = member.setup.parts.dataset.splits["train"]

            def keep(m: Member = member, data: Any = data) -> None:
                config, wait = m.job.config, m.session.finish
                ends[m.job.number] = settle(config, m.setup, m.at, data, wait)

            self.protected(member, keep)
        members = [m for m in members if m.job.number in ends]
        if not members:
            return
        estimator = members[0].setup.estimator
        samples, test = estimator.config.num_samples, "test"
        data = estimator.parts.dataset.splits[test]
        lain = self._structure.members(len(members))
        starts = range(0, len(members), lain.size)
        rows = [members[start : start + lain.size] for start in starts]
        label = f"evaluating {len(members)} runs with {samples} samples"

        def evaluated(done: int) -> None:
            self._stop.check()
            progress.update(done)

        with CountProgress(len(data["x"]), label) as progress:
            several = self._structure.estimate(
                [
                    (
                        lain.stack([model_variables(ends[m.job.number]) for m in row]),
                        lain.stack([m.setup.estimator.key for m in row]),
                    )
                    for row in rows
                ],
                data,
                samples,
                on_block=evaluated,
            )
        found = [own for row in several for own in row]

        def finished(member: Member, own: Any) -> None:
            if self._stop.number is not None:
                return

            def done(m: Member = member) -> None:
                config, setup, state = m.job.config, m.setup, ends[m.job.number]
                m.session.finish()
                run = LoadedRun(setup.directory, config, setup.parts, state)
                results = conclude(run, setup.estimator, test, own, samples)
                finish(config, setup, m.at, state, results)
                m.job.succeeds(results)

            self.protected(member, done)

        draws = any(m.job.config["run"]["figures"] for m in members)
        count = 1 if draws else min(core_count(), MOST_THREADS)
        label = "finishing runs"
        with (
            CountProgress(len(members), label) as progress,
            ThreadPoolExecutor(count, "finish") as pool,
        ):
            finished(members[0], found[0])  # compiles for the others
            # Figures are drawn one after the other: Matplotlib knows no threads.
            each = (map if draws else pool.map)(finished, members[1:], found[1:])
            progress.update(1)
            for number, _ in enumerate(each, 2):
                progress.update(number)
