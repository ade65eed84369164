"""The steps of many runs at once, each entered in its own session."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vaex.cli._jobs import Job
from vaex.cli._progress import CountProgress
from vaex.cli._session import Session
from vaex.cli._setup import Position, Setup
from vaex.cli._signals import StopRequest
from vaex.cli._structure import Structure
from vaex.training.loop import Diverged
from vaex.training.population import MemberProgress, Population, Row
from vaex.training.state import model_variables

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


Protected = Callable[[Member, Callable[[], Any]], bool]


class MemberSteps:
    """Trains members by the program of their structure.

    Args:
      structure: what they share.
      watch: told of looks at held-out data.
      stop: looked at after every chunk.
    """

    def __init__(self, structure: Structure, watch: Watch | None, stop: StopRequest):
        self._structure, self._watch, self._stop = structure, watch, stop

    def train(self, members: list[Member], protected: Protected) -> None:
        """Takes members on until each is over: saved, failed or pruned.

        Args:
          members: to be trained.
          protected: does something for a member, and says whether it could.
        """
        self._protected = protected
        self._stacked: dict[tuple[int, ...], Any] = {}
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
            # Of those that are evaluated next checkpoints are still being saved.
            ends_here = member.is_pruned or self._stop.number is not None
            if member.job.state == "waiting" and ends_here:
                self._protected(member, member.session.finish)
            if member.is_pruned and member.job.state == "waiting":
                member.setup.directory.set_status("pruned", checkpoint=member.at.step)
                member.job.ends("pruned", f"stopped by the search at {member.at.step}")

    def _enter(
        self, members: list[Member], done: dict[int, MemberProgress | Diverged]
    ) -> None:
        for place, progress in done.items():
            member = members[place]

            def take(m: Member = member, p: Any = progress) -> None:
                if isinstance(p, Diverged):
                    raise p
                m.session.take(p)

            self._protected(member, take)

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
        found = self._structure.estimate(
            [(model_variables(row.states), self._keys(members, row)) for row in rows],
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

    def _keys(self, members: list[Member], row: Row) -> Any:
        """Keys of the estimates of a row, which are the same at each look."""
        numbers = tuple(row.numbers)
        if numbers not in self._stacked:
            keys = [members[place].setup.estimator.key for place in numbers]
            self._stacked[numbers] = self._structure.program.members.stack(keys)
        return self._stacked[numbers]

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
