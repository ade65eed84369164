"""A search: asks for batches of trials, has them run, tells what they came to."""

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from omegaconf import OmegaConf
from optuna.trial import FrozenTrial, TrialState

from vaex.cli._messages import explain
from vaex.cli._search_options import HELD_OUT, SearchOptions
from vaex.cli._search_outcome import Outcome, outcome_of
from vaex.cli._search_report import conclude, write_tables
from vaex.cli._search_space import Space
from vaex.cli._search_study import SearchStudy
from vaex.errors import InputError, RunError
from vaex.io.lock import locked
from vaex.io.sweep_record import FOLDER, SweepRecord, sweep_name

STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "fail": TrialState.FAIL,
}


def search(
    arguments: Sequence[str], launcher: Any, config: Any, config_loader: ConfigLoader
) -> list[Any]:
    """Runs a search to its end, or goes on with one.

    Args:
      arguments: overrides of the line, the space among them.
      launcher: of Hydra, set up. One that has `watch` calls it as (index in the
        batch, step, held-out score) and stops a run for which it says True.
      config: Hydra's, of the sweep.
      config_loader: Hydra's.

    Returns:
      What the launcher returned for each job.

    Raises:
      InputError: if the options or the space cannot work, or another process is at
        work on this search.
    """
    options = SearchOptions.of(_plain(config.hydra.sweeper))
    words = [*(f"{k}={v}" for k, v in options.params.items()), *arguments]
    space = Space.of(words, config_loader)
    if options.pruner != "none":
        _check_it_can_stop(launcher, config, options.pruner)
    config_loader.load_sweep_config(config, space.words(space.example()))
    name = options.study_name or sweep_name([*words, *options.identity])
    folder = Path(str(config.hydra.sweep.dir)) / FOLDER / name
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(folder, "another process that searches"))
            study = SearchStudy(folder, options, space)
        except OSError as error:
            raise InputError(
                f"cannot write {folder}: {error.strerror}; choose another place with "
                "run.root=FOLDER"
            ) from error
        chosen = [*config.hydra.overrides.hydra, *arguments]
        line = [str(word) for word in chosen if "hydra.mode=" not in word]
        run = _Search(study, launcher, config, config_loader, line, folder)
        run.go()
        conclude(study, folder, draw=_draws(config))
    return run.returned


class _Search:
    """The loop over batches."""

    def __init__(
        self,
        study: SearchStudy,
        launcher: Any,
        config: Any,
        config_loader: ConfigLoader,
        line: Sequence[str],
        folder: Path,
    ) -> None:
        self.study, self.launcher, self.folder = study, launcher, folder
        self.line, self.returned = line, []
        self._config, self._config_loader = config, config_loader
        self._refused: dict[tuple[str, ...], str] = {}
        self._split, self._not_watched = "", False
        told = (trial.user_attrs.get("prepared") for trial in study.trials)
        self._prepared = set(filter(None, told))

    def go(self) -> None:
        """Batches until there are enough trials, or time is up."""
        options, began = self.study.options, time.monotonic()
        self._announce()
        while batch := self.study.next_batch():
            self._run(batch)
            write_tables(self.study, self.folder)
            passed = time.monotonic() - began
            if options.timeout is not None and passed > options.timeout:
                left = self.study.n_trials - len(self.study.trials)
                if left > 0:
                    _say(
                        f"hydra.sweeper.timeout={options.timeout:g} seconds are over "
                        f"with {left} trials left; the same line again goes on"
                    )
                break

    def _announce(self) -> None:
        study, trials = self.study, self.study.trials
        keys = ", ".join(study.space.searched)
        _say(
            f"search: {study.options.sampler} over {keys}; {study.n_trials} trials in "
            f"batches of {study.options.batch}"
        )
        if trials:
            again = sum(not trial.state.is_finished() for trial in trials)
            _say(
                f"it goes on: {len(trials) - again} trials are done"
                + (f", {again} were running and come first" if again else "")
            )

    def _run(self, batch: Sequence[FrozenTrial]) -> None:
        """Runs trials; those with equal words are one job."""
        jobs: dict[tuple[str, ...], list[FrozenTrial]] = {}
        for trial in batch:
            words = tuple(self.study.space.words(trial.params))
            reason = self._why_refused(trial, words)
            if reason:
                self._tell(trial, Outcome("fail", reason=reason))
            else:
                jobs.setdefault(words, []).append(trial)
        if not jobs:
            return
        trials = list(jobs.values())
        if hasattr(self.launcher, "watch"):
            self.launcher.watch = self._watcher(trials)
        if hasattr(self.launcher, "record"):
            self.launcher.record = SweepRecord(self.folder)
        try:
            returned = self.launcher.launch(
                [list(words) for words in jobs], initial_job_idx=trials[0][0].number
            )
        finally:
            if hasattr(self.launcher, "watch"):
                self.launcher.watch = None
        self.returned += returned
        record, open_ones = [], []
        for words, these, job in zip(jobs, trials, returned, strict=True):
            outcome = outcome_of(job, self.study.options.metrics)
            for trial in these:
                if outcome.state == "open":
                    why = f": {outcome.reason}" if outcome.reason else ""
                    open_ones.append(f"trial {trial.number} in {outcome.run}{why}")
                else:
                    self._tell(trial, outcome)
                run = None if outcome.run is None else outcome.run.resolve()
                if run is not None:
                    entry = {"number": trial.number, "overrides": words, "run": run}
                    record.append(entry)
            self._mind_the_split(outcome)
            self._mind_the_data(outcome)
            self._mind_the_watch(these[0], outcome)
        SweepRecord(self.folder).write(self.line, record, kind="search")
        if open_ones:
            raise RunError(
                f"{len(open_ones)} runs are not over; the same line again goes on with "
                "them, when what is wrong is mended or another process is done: "
                f"{open_ones[0]}"
            )

    def _watcher(self, trials: Sequence[Sequence[FrozenTrial]]) -> Any:
        if self.study.options.pruner == "none":
            return None

        def watch(index: int, step: int, score: float) -> bool:
            decided = [self.study.watch(t, step, score) for t in trials[index]]
            return decided[0]

        return watch

    def _why_refused(self, trial: FrozenTrial, words: Sequence[str]) -> str:
        """Why the configuration of a trial cannot be composed; "" where it can."""
        branch = self.study.space.branch(trial.params)
        if branch not in self._refused:
            self._refused[branch] = ""
            try:
                self._config_loader.load_sweep_config(self._config, list(words))
            except Exception as error:
                reason = explain(error)
                if reason is None:
                    raise
                self._refused[branch] = reason
        return self._refused[branch]

    def _tell(self, trial: FrozenTrial, outcome: Outcome) -> None:
        run = None if outcome.run is None else str(outcome.run)
        facts: dict[str, Any] = {"run": run}
        if outcome.split:
            facts |= {"split": outcome.split, "prepared": outcome.prepared}
            facts["seconds"] = outcome.seconds
        if outcome.reason:
            facts["reason"] = outcome.reason
            _say(f"trial {trial.number} failed: {outcome.reason}")
        self.study.tell(trial, STATES[outcome.state], outcome.values, facts)

    def _mind_the_split(self, outcome: Outcome) -> None:
        """Says it once where what is searched on are the test data."""
        if self._split or outcome.state != "complete":
            return
        self._split = outcome.split
        if "test" in outcome.split:
            metrics = self.study.options.metrics
            why = (
                "there is no look at a validation split"
                if all(metric.startswith(f"{HELD_OUT}.") for metric in metrics)
                else f"{', '.join(metrics)} is computed on it"
            )
            _say(
                f"note: the search is on the test split ({why}); the best value is "
                "the best of many on these data, not what new data would give"
            )

    def _mind_the_data(self, outcome: Outcome) -> None:
        """Says it once where the values of trials are of other things."""
        known = len(self._prepared)
        if outcome.prepared:
            self._prepared.add(outcome.prepared)
        if known == 1 and len(self._prepared) == 2:
            _say(
                f"note: trials are of data prepared otherwise "
                f"({' and '.join(sorted(self._prepared))}); nats of one are not nats "
                "of the other, so the best of all means little"
            )

    def _mind_the_watch(self, trial: FrozenTrial, outcome: Outcome) -> None:
        """Says it once where there was no look at which a run could be stopped."""
        is_watched = self.study.options.pruner != "none"
        if not is_watched or self._not_watched or outcome.state != "complete":
            return
        if not self.study.looks(trial):
            self._not_watched = True
            _say(
                f"note: nothing could stop trial {trial.number} early: it had been "
                "trained before, has no looks at held-out data, or was trained alone"
            )


def _check_it_can_stop(launcher: Any, config: Any, pruner: str) -> None:
    """Refuses a pruner that would be asked by nobody."""
    where = OmegaConf.select(config, "hydra.launcher.where", default="here")
    if hasattr(launcher, "watch") and where == "here":
        return
    got = type(launcher).__name__
    got += f" with hydra.launcher.where={where}" if where != "here" else ""
    raise InputError(
        f"hydra.sweeper.pruner={pruner} needs a launcher that stops a run while others "
        f"go on, in this process, got {got}; add hydra/launcher=population and leave "
        "hydra.launcher.where as it is, or leave the pruner out"
    )


def _plain(node: Any) -> dict[str, Any]:
    found = OmegaConf.to_container(node, resolve=True)
    assert isinstance(found, dict)
    return {str(key): value for key, value in found.items()}


def _draws(config: Any) -> bool:
    return bool(OmegaConf.select(config, "run.figures", default=True))


def _say(text: str) -> None:
    print(text, flush=True)
