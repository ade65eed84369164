"""The lower bound against the number of training samples, for nine latent sizes.

vaex reproduce aevb_fig2: one sweep of `vaex train` runs, nine curves of three seeds;
the seeds of a curve train in one program. Smoke is 3e5 training samples a run, about
nine minutes on two CPU cores; --scale full is 3e7, for a GPU. What was trained is kept
in runs/ of the reproduction's folder: stopped, the same line again goes on from there.

Protocol: tanh, one hidden layer of 500 (MNIST) or 200 (Frey faces); Adagrad with
accumulators from 0, rate 0.02 and 1e-8 beside the root (under it, MNIST N_z=20 came 3
to 7 nats higher at 1e5); minibatches of 100, reshuffled every epoch; one sample and the
closed-form KL; kernels from N(0, 0.01^2), biases from 0. MNIST is binarised anew at
every step and every look, 60,000 and 10,000 images; Frey faces are 1600 and 365 frames
under a Gaussian with sigmoid mean and log-variances from z. Every look is at all test
examples, with one sample of z.

Differences from the paper: it chose the rate of each curve from 0.01, 0.02 and 0.1; it
had a N(0, I) prior on the weights, left out here as it is a weight decay of one in
60,000; its wake-sleep curves are not drawn. Frey pixels are level / 256 in its numbers
and in these; they train as level / 255, and 560 log(256 / 255) = 2.2 nats are added for
the change of units. Scales are at least 0.002, half a grey level, without which the
density of quantised data has no bound.

Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
https://arxiv.org/abs/1312.6114, figure 2.
"""

import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vaex.errors import RunError
from vaex.io.run_directory import RunDirectory

SIZES = {"mnist": (3, 5, 10, 20, 200), "freyfaces": (2, 5, 10, 20)}
TITLES = {"mnist": "MNIST", "freyfaces": "Frey faces"}
BATCH, LOG_EVERY, SEEDS = 100, 50, (0, 1, 2)
STEPS = {"smoke": 3000, "full": 300_000}
AT = {"1e5": 100_000, "3e5": 300_000, "1e6": 1_000_000}
UNITS = {"mnist": 0.0, "freyfaces": 560 * math.log(256 / 255)}
"""Nats to add: densities of Frey pixels are those of level / 256."""

REFERENCE = {
    "mnist": {
        3: {"1e5": -173.7, "3e5": -166.9, "1e6": -155.6},
        5: {"1e5": -162.2, "3e5": -151.8, "1e6": -139.5},
        10: {"1e5": -168.2, "3e5": -146.8, "1e6": -129.6},
        20: {"1e5": -168.8, "3e5": -140.7, "1e6": -119.4},
        200: {"1e5": -171.1, "3e5": -142.1, "1e6": -117.0},
    },
    "freyfaces": {
        2: {"1e5": 634, "3e5": 697, "1e6": 750},
        5: {"1e5": 640, "3e5": 735, "1e6": 899},
        10: {"1e5": 642, "3e5": 733, "1e6": 942},
        20: {"1e5": 629, "3e5": 763, "1e6": 1025},
    },
}
"""Drawn as diamonds; the same numbers are the rows of aevb_fig2.yaml."""

FLOOR = {2: 552.3, 5: 663.4, 10: 747.4, 20: 843.3}
"""Log p(x) of probabilistic PCA on the Frey test frames, exact: experiments/ppca."""


def looks(steps: int) -> list[int]:
    """Steps of the looks: four in each factor of ten, and where the table is."""
    quarters = (10 ** (k / 4) for k in range(8, 40))
    evenly = {100 * round(step / 100) for step in quarters}
    named = {samples // BATCH for samples in AT.values()} | {steps}
    return sorted(step for step in evenly | named if step <= steps)


def jobs(scale: str) -> list[list[str]]:
    """The words after `vaex train` of every run."""
    at = ",".join(map(str, looks(STEPS[scale])))
    common = [
        f"trainer.steps={STEPS[scale]}",
        f"trainer.evaluate_at=[{at}]",
        "trainer.evaluate_examples=10000",
        f"trainer.log_every={LOG_EVERY}",
        "evaluation.num_samples=1",
        "evaluation.samples_per_chunk=1",
        "run.figures=false",
    ]
    return [
        [f"experiment=aevb_{data}", f"latent_dim={size}", f"seed={seed}", *common]
        for data, sizes in SIZES.items()
        for size in sizes
        for seed in SEEDS
    ]


def parts(scale: str, folder: Path) -> dict[str, Callable[[], dict[str, Any]]]:
    """One part, the sweep; what of it was done before is read from its runs."""
    return {"sweep": functools.partial(sweep, scale, folder / "runs")}


def sweep(scale: str, root: Path) -> dict[str, Any]:
    """Trains what has yet to be trained and reads all curves.

    Raises:
      RunError: if a run has no results.
    """
    from vaex.cli._sweeping import run_jobs

    lines = jobs(scale)
    outcomes = run_jobs(lines, root)
    for line, outcome in zip(lines, outcomes, strict=True):
        if RunDirectory(outcome.run).results() is None:
            words = " ".join(line[:3])
            raise RunError(f"{words} is {outcome.state}: {outcome.reason}")
    runs = iter([RunDirectory(outcome.run) for outcome in outcomes])
    return {
        f"{data} {size}": curve(list(itertools.islice(runs, len(SEEDS))), UNITS[data])
        for data, sizes in SIZES.items()
        for size in sizes
    }


def curve(runs: Sequence[RunDirectory], units: float) -> dict[str, Any]:
    """The seeds of one curve.

    Args:
      runs: one for each seed.
      units: nats to add to their bounds.

    Returns:
      `samples` seen at each of K looks, `test` bounds there [seeds][K], `train` bounds
      of the LOG_EVERY minibatches before [seeds][K], and the last `KL`, in nats.
    """
    found: dict[str, Any] = {"samples": [], "test": [], "train": [], "KL": []}
    for run in runs:
        rows = run.metrics()
        test = {r["step"]: r["elbo"] + units for r in rows if r["split"] == "test"}
        train = {r["step"]: r["elbo"] + units for r in rows if r["split"] == "train"}
        found["samples"] = [step * BATCH for step in test]
        found["test"].append(list(test.values()))
        found["train"].append([train[step] for step in test])
        results = run.results()
        assert results is not None
        found["KL"].append(results["rate"]["value"])
    return found


def at(curve: Mapping[str, Any], samples: int, of: str = "test") -> np.ndarray:
    """The bound of every seed at a number of samples, [seeds] nats."""
    return np.array([seed[curve["samples"].index(samples)] for seed in curve[of]])


def mean(values: np.ndarray) -> tuple[float, float]:
    """Mean over seeds and its standard error."""
    error = values.std(ddof=1) / math.sqrt(len(values))
    return float(values.mean()), float(error)


def measures(found: Mapping[str, Any]) -> dict[str, Any]:
    """Bounds at 1e5, 3e5 and 1e6 samples, what they gain with N_z, and the floor."""
    curves, result = found["sweep"], {}
    last = {data: curves[f"{data} {SIZES[data][0]}"]["samples"][-1] for data in SIZES}
    for data, sizes in SIZES.items():
        known = {name: samples for name, samples in AT.items() if samples <= last[data]}
        for size in sizes:
            one, label = curves[f"{data} {size}"], f"{TITLES[data]} N_z={size}"
            for name, samples in known.items():
                result[f"{label}: test bound at {name}"] = mean(at(one, samples))
            if data == "freyfaces":
                above = at(one, last[data]) - FLOOR[size]
                result[f"{label}: test bound - probabilistic PCA"] = mean(above)
        for fewer, more in itertools.pairwise(sizes):
            ends = [at(curves[f"{data} {size}"], last[data]) for size in (fewer, more)]
            gain = mean(ends[1] - ends[0])
            result[f"{TITLES[data]}: N_z={more} over N_z={fewer}"] = gain
    wide = curves["mnist 200"]
    gap = at(wide, last["mnist"], "train") - at(wide, last["mnist"])
    result["MNIST N_z=200: train - test bound"] = mean(gap)
    return result


def draw(found: Mapping[str, Any]) -> Figure:
    """MNIST above Frey faces, a panel for each N_z: means of seeds, bands of range."""
    curves = found["sweep"]
    figure = Figure(figsize=(12.0, 5.4), layout="constrained")
    names = [[f"{data} {size}" for size in sizes] for data, sizes in SIZES.items()]
    mosaic: Any = [names[0], [*names[1], "."]]
    panels = figure.subplot_mosaic(mosaic, sharex=True)
    figure.set_layout_engine("constrained", h_pad=0.1)
    for data, row in zip(SIZES, names, strict=True):
        last = curves[row[0]]["samples"][-1]
        for axes, name, size in zip(
            [panels[name] for name in row], row, SIZES[data], strict=True
        ):
            panel(axes, curves[name], data, size)
            axes.set_xlim(1e5 if last > 1e7 else 9e3, 1.2 * last)
            axes.set_ylim(*limits(data, [curves[one] for one in row]))
            axes.set_xlabel("training samples", fontsize=9)
            axes.set_ylabel("lower bound (nats per example)", fontsize=9)
            inner = axes is not panels[row[0]]
            axes.yaxis.label.set_visible(not inner)
            axes.tick_params(labelbottom=True, labelleft=not inner, labelsize=8)
    entries: dict[str, Any] = {}
    for axes in panels.values():
        handles, labels = axes.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    figure.legend(
        entries.values(),
        entries.keys(),
        loc="center",
        bbox_to_anchor=(0.905, 0.28),
        frameon=False,
        fontsize=9,
    )
    return figure


def limits(data: str, curves: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """The paper's limits where all of a run is in them, else those of the numbers."""
    if curves[0]["samples"][-1] > 1e7:
        return {"mnist": (-150.0, -90.0), "freyfaces": (0.0, 1600.0)}[data]
    highest = max(np.max(one["test"] + one["train"]) for one in curves)
    if data == "mnist":
        return -215.0, 10.0 * math.ceil(highest / 10 + 0.5)
    return 450.0, 100.0 * math.ceil(highest / 100 + 0.5)


def panel(axes: Axes, curve: Mapping[str, Any], data: str, size: int) -> None:
    """One curve, with its references in reach."""
    train = [samples - LOG_EVERY * BATCH / 2 for samples in curve["samples"]]
    for of, x, colour, line in (
        ("train", train, "#0072B2", "--"),
        ("test", curve["samples"], "#D55E00", "-"),
    ):
        values = np.array(curve[of])
        axes.fill_between(
            x, values.min(0), values.max(0), color=colour, alpha=0.2, lw=0
        )
        axes.plot(x, values.mean(0), line, color=colour, lw=1.4, label=f"{of}, 3 seeds")
    known = [name for name in AT if AT[name] <= curve["samples"][-1]]
    axes.plot(
        [AT[name] for name in known],
        [REFERENCE[data][size][name] for name in known],
        "D",
        ms=5,
        mfc="none",
        mec="black",
        label="reference, 1 seed",
        zorder=5,
    )
    if data == "freyfaces":
        axes.axhline(
            FLOOR[size], color="#8C8C8C", lw=1.0, ls=":", label="probabilistic PCA"
        )
    axes.set_xscale("log")
    axes.set_title(f"{TITLES[data]}, $N_z$ = {size}", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
