"""Jobs of one structure, trained by one program, each recorded as a run of its own."""

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from vaex.cli import _tracking
from vaex.cli._evaluate import conclude
from vaex.cli._jobs import Job
from vaex.cli._progress import CountProgress
from vaex.cli._session import Session
from vaex.cli._setup import Position, Setup, start
from vaex.cli._signals import Interrupted, StopRequest, stop_request
from vaex.cli._stages import begin, failed, finish, settle
from vaex.cli._structure import Structure
from vaex.cli._taking import take
from vaex.io.load import LoadedRun
from vaex.training.loop import Diverged
from vaex.training.population import MemberProgress, Population
from vaex.training.state import TrainState, model_variables

EXPLAINED = 2
"""Members of a block whose divergence is examined at once: it takes some seconds."""

Watch = Callable[[Job, int, float], bool]
"""Told a job, its step and its held-out score after each look; True ends the job."""


@dataclass
class Member:
    """A job that is being trained.

    Attributes:
      job: of the sweep.
      setup: of its run.
      at: where it is.
      session: what is done around its steps.
      place: its number in the population.
    """

    job: Job
    setup: Setup
    at: Position
    session: Session
    place: int = -1
    is_pruned: bool = False


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
        members = [m for m in map(self._begun, jobs) if m is not None]
        try:
            with self._stop.deferred():
                going = [m for m in members if not m.session.is_over]
                if going:
                    self._train(going)
                members = [m for m in members if m.job.state == "waiting"]
                if self._stop.number is None:
                    self._conclude(members)
        except BaseException as error:
            if not isinstance(error, Exception):
                self._interrupt(members, error)
            raise
        if self._stop.number is not None:
            error = Interrupted(
                "the same line again goes on from there", self._stop.number
            )
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
            train = setup.parts.dataset.splits["train"]
            at = start(setup, train, saved, self._structure.init)
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

    def _train(self, members: list[Member]) -> None:
        """Steps of all until each is over; saved, failed or pruned."""
        structure, setup = self._structure, members[0].setup
        for place, member in enumerate(members):
            member.place = place
        population = Population(
            structure.program,
            structure.data,
            [m.setup.order for m in members],
            [m.at.state for m in members],
            num_steps=setup.num_steps,
            boundaries=setup.boundaries,
            max_skipped=setup.trainer.max_skipped,
            skipped=[len(m.at.skipped) for m in members],
        )
        label = f"training {len(members)} runs"
        with CountProgress(setup.num_steps, label) as progress:
            while population.going:
                done = population.advance()
                self._enter(members, done)
                self._look(members, done, population)
                self._save(members, done, population)
                steps = [m.at.step for m in members if m.job.state == "waiting"]
                progress.update(min(steps, default=0), self._live(members, done))
                if self._stop.number is not None:
                    break
        for member in members:
            if member.job.state == "waiting":
                self._protected(member, member.session.finish)
            if member.is_pruned and member.job.state == "waiting":
                member.setup.directory.set_status("pruned", checkpoint=member.at.step)
                member.job.ends("pruned", f"stopped by the search at {member.at.step}")

    def _protected(self, member: Member, act: Callable[[], Any]) -> bool:
        """Whether something was done for a member; if not the member has failed."""
        try:
            act()
            return True
        except Exception as error:
            self._lose(member.job, member.setup, error)
            return False

    def _enter(
        self, members: list[Member], done: dict[int, MemberProgress | Diverged]
    ) -> None:
        for place, progress in done.items():
            member = members[place]
            if isinstance(progress, Diverged):
                self._lose(member.job, member.setup, progress)
            else:
                self._protected(member, lambda m=member, p=progress: m.session.take(p))

    def _look(
        self,
        members: list[Member],
        done: dict[int, MemberProgress | Diverged],
        population: Population,
    ) -> None:
        """Estimates on held-out data, for those whose turn it is."""
        looking = [
            m
            for m in members
            if m.place in done and m.job.state == "waiting" and m.session.looks_now
        ]
        if not looking:
            return
        estimator, wanted = looking[0].setup.estimator, {m.place for m in looking}
        rows = [row for row in population.rows if wanted & set(row.numbers)]
        lain = self._structure.program.members
        found = self._structure.estimate(
            [
                (
                    model_variables(row.states),
                    lain.stack([members[p].setup.estimator.key for p in row.numbers]),
                )
                for row in rows
            ],
            estimator.few(looking[0].setup.trainer.evaluate_examples),
            estimator.config.samples_per_chunk,
        )
        each = {
            place: own
            for row, several in zip(rows, found, strict=True)
            for place, own in zip(row.numbers, several, strict=False)
        }
        for member in looking:
            held_out = estimator.averages(each[member.place])
            if self._protected(member, lambda m=member, h=held_out: m.session.look(h)):
                self._ask(member)

    def _ask(self, member: Member) -> None:
        """Lets whoever watches end a job."""
        score = member.session.score
        if self._watch and score is not None and not member.session.is_over:
            member.is_pruned = self._watch(member.job, member.at.step, score)

    def _save(
        self,
        members: list[Member],
        done: dict[int, MemberProgress | Diverged],
        population: Population,
    ) -> None:
        for place in done:
            member = members[place]
            if member.job.state != "waiting":
                population.stop(place)
                continue
            ends = member.session.is_over or member.is_pruned or self._stop.number
            act = member.session.end if ends else member.session.save_if_due
            if not self._protected(member, act) or ends:
                population.stop(place)

    def _live(
        self, members: list[Member], done: dict[int, MemberProgress | Diverged]
    ) -> str:
        scores = [m.session.score for m in members if m.session.score is not None]
        lost = sum(m.job.state != "waiting" for m in members)
        live = f"best held-out {max(scores):.2f}" if scores else ""
        return live + (f", {lost} failed" if lost else "")

    def _conclude(self, members: list[Member]) -> None:
        """Evaluates all, then finishes each."""
        states: dict[int, TrainState] = {}
        for member in members:
            data = member.setup.parts.dataset.splits["train"]

            def keep(m: Member = member, data: Any = data) -> None:
                states[m.job.number] = settle(m.job.config, m.setup, m.at, data)

            self._protected(member, keep)
        members = [m for m in members if m.job.number in states]
        if not members:
            return
        estimator = members[0].setup.estimator
        samples, test = estimator.config.num_samples, "test"
        data = estimator.parts.dataset.splits[test]
        lain = self._structure.members(len(members))
        starts = range(0, len(members), lain.size)
        rows = [members[start : start + lain.size] for start in starts]
        label = f"evaluating {len(members)} runs with {samples} samples"
        with CountProgress(len(data["x"]) * len(rows), label) as progress:
            several = self._structure.estimate(
                [
                    (
                        lain.stack(
                            [model_variables(states[m.job.number]) for m in row]
                        ),
                        lain.stack([m.setup.estimator.key for m in row]),
                    )
                    for row in rows
                ],
                data,
                samples,
                on_block=progress.update,
            )
        found = [own for row in several for own in row]
        with CountProgress(len(members), "finishing runs") as progress:
            for number, (member, own) in enumerate(zip(members, found, strict=False)):
                state = states[member.job.number]
                if self._stop.number is not None:
                    return

                def done(m: Member = member, own: Any = own, s: Any = state) -> None:
                    config, setup = m.job.config, m.setup
                    run = LoadedRun(setup.directory, config, setup.parts, s)
                    results = conclude(run, m.setup.estimator, test, own, samples)
                    finish(config, setup, m.at, s, results)
                    m.job.succeeds(results)

                self._protected(member, done)
                progress.update(number + 1)
