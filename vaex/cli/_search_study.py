"""The trials of a search: asked in batches, watched, told, and asked again."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from vaex.cli._search_journal import open_study, quiet
from vaex.cli._search_options import SearchOptions
from vaex.cli._search_space import Space
from vaex.errors import InputError

DEFAULT_TRIALS = 32
SAMPLERS = {
    "tpe": "optuna.samplers.TPESampler",
    "random": "optuna.samplers.RandomSampler",
    "grid": "optuna.samplers.RandomSampler",  # has nothing left to draw
}
PRUNERS = {
    "none": "optuna.pruners.NopPruner",
    "median": "optuna.pruners.MedianPruner",
    "successive_halving": "optuna.pruners.SuccessiveHalvingPruner",
    "hyperband": "optuna.pruners.HyperbandPruner",
}


class SearchStudy:
    """A study whose trials are the same however often the search was stopped.

    Trial number n is drawn with a generator seeded by (seed, n), given the trials
    before it, in memory; then one line of the journal holds all of it.
    """

    def __init__(self, folder: Path, options: SearchOptions, space: Space) -> None:
        self.options, self.space = options, space
        self.is_grid = options.sampler == "grid"
        self.size = space.grid_size() if self.is_grid else None
        given = {"seed": options.seed, "constant_liar": True}
        self._make_sampler = _maker(
            "sampler",
            SAMPLERS,
            options.sampler,
            options.sampler_options,
            given,
            BaseSampler,
        )
        make_pruner = _maker(
            "pruner", PRUNERS, options.pruner, options.pruner_options, {}, BasePruner
        )
        with quiet():
            self._sampler(0)
            self._pruner = make_pruner({})
            self.study, self.storage = open_study(
                folder, folder.name, options, space.description()
            )
        self.study.pruner = self._pruner

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials in the order of their numbers."""
        return self.study.get_trials(deepcopy=False)

    @property
    def n_trials(self) -> int:
        """How many there are to be."""
        if self.size is None:
            return self.options.n_trials or DEFAULT_TRIALS
        return min(self.options.n_trials or self.size, self.size)

    def next_batch(self) -> list[FrozenTrial]:
        """Trials to run together, every one of them in the journal; [] at the end.

        Those that were running when the search was stopped come again first. They are
        made up to a whole batch only if it was stopped while asking: where some of
        their batch have been told, the others of it were asked for as well.
        """
        trials = self.trials
        running = [t for t in trials if t.state == TrialState.RUNNING]
        first = running[0].user_attrs["batch"] if running else len(trials)
        batch = [t for t in trials if t.user_attrs["batch"] == first]
        if len(running) < len(batch):
            return running
        room = min(self.options.batch - len(running), self.n_trials - len(trials))
        if room > 0:
            with quiet():
                self._ask(first, room)
        return [t for t in self.trials if t.state == TrialState.RUNNING]

    def _ask(self, first: int, count: int) -> None:
        """Draws trials in memory and writes each of them down whole."""
        name, memory = self.study.study_name, InMemoryStorage()
        optuna.copy_study(
            from_study_name=name, from_storage=self.storage, to_storage=memory
        )
        drawn = optuna.load_study(study_name=name, storage=memory, pruner=self._pruner)
        for _ in range(count):
            number = len(drawn.get_trials(deepcopy=False))
            drawn.sampler = self._sampler(number)
            drawn.ask(dict(self.space.searched))
            trial = drawn.get_trials(deepcopy=False)[number]
            self._keep_attributes(memory, name)
            self.study.add_trial(
                create_trial(
                    state=TrialState.RUNNING,
                    params=trial.params,
                    distributions=trial.distributions,
                    user_attrs={"batch": first},
                    system_attrs=trial.system_attrs,
                )
            )

    def _keep_attributes(self, memory: InMemoryStorage, name: str) -> None:
        """What some samplers note of the study, such as the place in a sequence."""
        drawn = memory.get_study_system_attrs(memory.get_study_id_from_name(name))
        study_id = self.storage.get_study_id_from_name(name)
        kept = self.storage.get_study_system_attrs(study_id)
        for key, value in drawn.items():
            if kept.get(key) != value:
                self.storage.set_study_system_attr(study_id, key, value)

    def _sampler(self, number: int) -> BaseSampler:
        """The sampler that draws trial `number`."""
        seed = np.random.SeedSequence([self.options.seed, number]).generate_state(1)
        sampler = self._make_sampler({"seed": int(seed[0])})
        if self.size is None or number >= self.size:
            return sampler
        order = np.random.default_rng(self.options.seed).permutation(self.size)
        point = self.space.grid_point(int(order[number]))
        return optuna.samplers.PartialFixedSampler(point, sampler)

    def tell(
        self,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
        facts: Mapping[str, Any],
    ) -> None:
        """Ends a trial; the facts are written before, so that no trial lacks them."""
        for key, value in facts.items():
            self.storage.set_trial_user_attr(trial._trial_id, key, value)
        with quiet():
            self.study.sampler = self._sampler(trial.number)
            self.study.tell(trial.number, values, state)

    def looks(self, trial: FrozenTrial) -> list[int]:
        """Steps of the looks that were noted of a trial."""
        now = self.storage.get_trial(trial._trial_id)
        return list(now.user_attrs.get("looks", []))

    def watch(self, trial: FrozenTrial, step: int, score: float) -> bool:
        """Notes a look at held-out data, and says whether the run shall stop.

        Looks are numbered from 1, so that a pruner's resource is one of them whatever
        an epoch is. A look that was noted before the search was stopped counts once,
        and what was decided at it stays.

        Args:
          trial: running.
          step: of the run.
          score: of the look; higher is better.
        """
        now = self.storage.get_trial(trial._trial_id)
        stopped = now.user_attrs.get("stopped_at_step")
        if stopped is not None and step >= stopped:
            return True
        steps = now.user_attrs.get("looks", [])
        if step not in steps:
            steps = [*steps, step]
            self.storage.set_trial_user_attr(trial._trial_id, "looks", steps)
        number = steps.index(step) + 1
        if number not in now.intermediate_values:
            value = score if self.options.directions[0] == "maximize" else -score
            self.storage.set_trial_intermediate_value(trial._trial_id, number, value)
        with quiet():
            latest = self.storage.get_trial(trial._trial_id)
            is_over = bool(self._pruner.prune(self.study, latest))
        if is_over:
            self.storage.set_trial_user_attr(trial._trial_id, "stopped_at_step", step)
        return is_over


def _maker(
    kind: str,
    names: Mapping[str, str],
    name: str,
    options: Mapping[str, Any],
    given: Mapping[str, Any],
    base: type,
) -> Callable[[Mapping[str, Any]], Any]:
    """A function of more arguments that makes a sampler or a pruner."""
    path = names.get(name, name)
    module, _, attribute = path.rpartition(".")
    try:
        factory = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"hydra.sweeper.{kind} must be one of {', '.join(names)}, or an import "
            f"path, got {name!r} ({error})"
        ) from error
    accepted = inspect.signature(factory).parameters
    known = {k: v for k, v in given.items() if k in accepted} | dict(options)

    def make(more: Mapping[str, Any]) -> Any:
        try:
            made = factory(**known | {k: v for k, v in more.items() if k in accepted})
        except (TypeError, ValueError) as error:
            raise InputError(
                f"hydra.sweeper.{kind}={name} with hydra.sweeper.{kind}_options="
                f"{dict(options)} cannot be made: {error}; it takes "
                f"{', '.join(accepted)}"
            ) from error
        if not isinstance(made, base):
            raise InputError(
                f"hydra.sweeper.{kind}={name} must make an optuna {base.__name__}, got "
                f"{type(made).__name__}"
            )
        return made

    return make
