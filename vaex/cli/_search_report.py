"""What a search found: tables, figures, and the line that runs the best again."""

import csv
import io
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import yaml
from optuna.trial import FrozenTrial, TrialState

from vaex.cli._search_journal import quiet
from vaex.cli._search_study import SearchStudy
from vaex.io.atomic import write_text

RESULTS, TRIALS = "optimization_results.yaml", "trials.csv"
NAMES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}
ENOUGH = 10  # complete trials, below which shares of variance mean nothing


def write_tables(study: SearchStudy, folder: Path) -> None:
    """Writes `trials.csv` and `optimization_results.yaml`, each of them whole."""
    write_text(folder / TRIALS, trials_table(study))
    write_text(folder / RESULTS, yaml.safe_dump(_results(study), sort_keys=False))


def trials_table(study: SearchStudy) -> str:
    """One row for each trial, as CSV."""
    keys = list(study.space.searched)
    metrics = study.options.metrics
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    facts = ("split", "seconds", "run", "reason")
    writer.writerow(["trial", "state", *metrics, *keys, *facts])
    for trial in study.trials:
        values = trial.values or [""] * len(metrics)
        about = trial.user_attrs
        writer.writerow(
            [
                trial.number,
                NAMES.get(trial.state, "running"),
                *values,
                *(trial.params.get(key, "") for key in keys),
                about.get("split", ""),
                about.get("seconds") or "",
                about.get("run") or "",
                about.get("reason", ""),
            ]
        )
    return text.getvalue()


def conclude(study: SearchStudy, folder: Path, *, draw: bool = True) -> None:
    """Writes everything, draws it, and prints what was found."""
    write_tables(study, folder)
    counts: dict[str, int] = {}
    for trial in study.trials:
        name = NAMES.get(trial.state, "running")
        counts[name] = counts.get(name, 0) + 1
    shown = ", ".join(f"{count} {name}" for name, count in counts.items())
    _say(f"\nsearch: {len(study.trials)} trials, {shown}")
    best = best_trials(study)
    if not best:
        _say("no trial was completed, so there is no best one")
    elif len(study.options.metrics) > 1:
        _say(f"{len(best)} of them are Pareto-optimal:")
    for trial in best:
        _show(study, trial)
    if draw and best and len(study.options.metrics) == 1:
        _draw(study, folder)
    _say(f"study  {folder}: {', '.join(sorted(_files(folder)))}")


def best_trials(study: SearchStudy) -> list[FrozenTrial]:
    """The best trial, or the Pareto set of several metrics; [] where none is done."""
    if not any(trial.state == TrialState.COMPLETE for trial in study.trials):
        return []
    if len(study.options.metrics) == 1:
        return [study.study.best_trial]
    return study.study.best_trials


def command(study: SearchStudy, trial: FrozenTrial) -> str:
    """The line that runs a trial by itself, ready for a shell.

    Of `run.*`, which changes nothing of the run, only where it is.
    """
    words = [
        word
        for word in study.space.words(trial.params)
        if word.startswith("run.root=") or not word.startswith("run.")
    ]
    return shlex.join(["vaex", "train", *words])


def _results(study: SearchStudy) -> dict[str, Any]:
    """As Hydra's own sweepers write it, with the line and the run beside it."""
    found = [_entry(study, trial) for trial in best_trials(study)]
    if len(study.options.metrics) > 1:
        return {"name": "optuna", "solutions": found}
    if not found:
        return {"name": "optuna", "best_params": None, "best_value": None}
    (best,) = found
    return {
        "name": "optuna",
        "best_params": best.pop("params"),
        "best_value": best.pop("values")[0],
        **best,
    }


def _entry(study: SearchStudy, trial: FrozenTrial) -> dict[str, Any]:
    return {
        "params": {key: _scalar(value) for key, value in trial.params.items()},
        "values": [float(value) for value in trial.values],
        "trial": trial.number,
        "split": trial.user_attrs.get("split"),
        "run": trial.user_attrs.get("run"),
        "command": command(study, trial),
    }


def _scalar(value: Any) -> Any:
    """The number that a chosen word stands for.

    >>> _scalar("8"), _scalar("bernoulli"), _scalar(0.5)
    (8, 'bernoulli', 0.5)
    """
    return yaml.safe_load(value) if isinstance(value, str) else value


def _show(study: SearchStudy, trial: FrozenTrial) -> None:
    pairs = zip(study.options.metrics, trial.values, strict=True)
    values = ", ".join(f"{metric} {value:.6g}" for metric, value in pairs)
    split = trial.user_attrs.get("split")
    where = f" ({split} split)" if split else ""
    _say(f"best   trial {trial.number}: {values}{where}")
    for key, value in trial.params.items():
        shown = f"{value:.6g}" if isinstance(value, float) else value
        _say(f"         {key} = {shown}")
    _say(f"again  {command(study, trial)}")
    _say(f"run    {trial.user_attrs.get('run')}")


def _draw(study: SearchStudy, folder: Path) -> None:
    from vaex.figures.saving import save_figure
    from vaex.figures.search_history import SearchTrial, draw_search_history
    from vaex.figures.search_parameters import (
        SearchedParameter,
        draw_search_parameters,
    )

    metric, maximize = (
        study.options.metrics[0],
        study.options.directions[0] == "maximize",
    )
    label = "held-out ELBO (nats per example)" if metric == "held_out.elbo" else metric
    trials = study.trials
    history = [
        SearchTrial(t.number, NAMES.get(t.state, "running"), _value(t)) for t in trials
    ]
    save_figure(
        draw_search_history(history, label, maximize=maximize),
        folder / "search_history.png",
    )
    done = [t for t in trials if t.state == TrialState.COMPLETE]
    shares = _importance(study, len(done))
    names = _short([*study.space.searched])
    parameters = [
        SearchedParameter(
            name=names[key],
            values=[t.params[key] for t in done],
            is_log=bool(getattr(part, "log", False)),
            importance=shares.get(key),
        )
        for key, part in study.space.searched.items()
    ]
    save_figure(
        draw_search_parameters(
            parameters,
            np.array([t.values[0] for t in done]),
            names.get(metric, label.partition(" (")[0]),
            maximize=maximize,
        ),
        folder / "search_parameters.png",
    )


def _value(trial: FrozenTrial) -> float | None:
    return None if trial.values is None else float(trial.values[0])


def _importance(study: SearchStudy, count: int) -> Mapping[str, float]:
    """Shares of the variance (functional ANOVA) of the keys; {} of too few trials."""
    if count < ENOUGH:
        return {}
    with quiet():
        try:
            return optuna.importance.get_param_importances(
                study.study,
                evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0),
            )
        except (ValueError, RuntimeError):  # all values are equal
            return {}


def _short(keys: list[str]) -> dict[str, str]:
    """The last part of each key, as long as no two are the same.

    >>> list(_short(["a.rate", "prior.scale", "posterior.scale"]).values())
    ['rate', 'prior.scale', 'posterior.scale']
    """
    tails = [key.rpartition(".")[2] for key in keys]
    return {
        key: tail if tails.count(tail) == 1 else key
        for key, tail in zip(keys, tails, strict=True)
    }


def _files(folder: Path) -> list[str]:
    return [
        path.name
        for path in folder.iterdir()
        if path.suffix in (".yaml", ".csv", ".png")
    ]


def _say(text: str) -> None:
    print(text, flush=True)
