"""Reconstruction probability as an anomaly score: MNIST digits and KDD Cup 99.

vaex reproduce an_cho: eleven runs of `vaex train` and their scores, about ten minutes
on two CPU cores; --scale full trains four times as long. What was trained is kept in
runs/ of the reproduction's folder: stopped, the same line again goes on from there.

Each digit in turn is the anomaly: a network is trained on the other nine and scores the
10,000 test images by -1/10 sum_l log p(x|z_l), z_l ~ q(z|x). Likewise for connections:
four fifths of the normal ones are trained on; the others, and four kinds of attack, are
scored, at most 5000 of a kind. One hidden layer of 400, 200 latent dimensions, a
Gaussian whose mean and scale come from z. In the same call, on the same images: a
one-class SVM on histograms of oriented gradients, an isolation forest and the distance
to the fifth nearest neighbour on pixels.

The paper leaves open its split (here MNIST's own), the length of training, and the
scale's floor, without which a pixel that is black in all training images decides the
score. The floor decides the table. It was taken from the paper's AUROCs, so that what
the rows hold is that there is such a floor: of five, in standard deviations of all grey
levels, 0.5 is nearest (root mean square of the difference over the digits 0, 1, 2, 7,
8 and 9, after 5 epochs):

    floor                     0.01    0.1    0.3    0.5      1
    distance                  .153   .106   .055   .047   .089
    mean AUROC of 0, 2, 8     .751   .818   .881   .899   .897
    AUROC of 1                .222   .173   .188   .229   .335

Columns of KDD are standardised one by one, symbols spread over columns of 0 and 1; the
floor there is the head's default, 0.01, and with 0.5 its AUROCs are no nearer.

Source: An, Cho, "Variational Autoencoder based Anomaly Detection using Reconstruction
Probability", SNU Data Mining Center technical report, 2015.
"""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import spearmanr
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import OneClassSVM

from vaex.anomaly.image_features import oriented_gradients
from vaex.anomaly.reconstruction_probability import ReconstructionProbability
from vaex.anomaly.scorer import Scorer
from vaex.data.kddcup99 import CLASSES
from vaex.errors import RunError
from vaex.io.load import load_run

PAPER = {
    "AUROC": (0.917, 0.136, 0.921, 0.781, 0.808, 0.862, 0.848, 0.596, 0.895, 0.545),
    "AUPRC": (0.517, 0.063, 0.644, 0.251, 0.337, 0.325, 0.432, 0.148, 0.499, 0.104),
}
"""Of the digits 0 to 9."""

KDD = {"DoS": 0.795, "Probe": 0.944, "R2L": 0.777, "U2R": 0.782}
EPOCHS = {"smoke": 5, "full": 20}
NUM_SAMPLES, MOST = 10, 5000
BASELINES = ("SVM on gradients", "isolation forest", "5th neighbour")
FLOOR = 0.5
"""Least scale of a pixel, in standard deviations of all grey levels."""

NETWORK = (
    "encoder.hidden=[400]",
    "decoder.hidden=[400]",
    "latent_dim=200",
    "likelihood=gaussian",
    "evaluation.num_samples=1",
    "evaluation.samples_per_chunk=1",
    "run.figures=false",
)


def jobs(scale: str) -> dict[str, list[str]]:
    """Name -> the words after `vaex train` of every run."""
    common = [*NETWORK, f"trainer.epochs={EPOCHS[scale]}"]
    found = {
        f"digit {digit}": [
            "data=one_class",
            "data.source._target_=vaex.data.mnist.MNIST",
            f"data.anomaly={digit}",
            *common,
            f"likelihood.min_scale={FLOOR}",
        ]
        for digit in range(10)
    }
    return found | {"kdd": ["data=kddcup99", *common]}


def parts(scale: str, folder: Path) -> dict[str, Callable[[], dict[str, Any]]]:
    """One part for each digit, and one for the connections."""
    return {
        name: functools.partial(scored, name, words, folder / "runs")
        for name, words in jobs(scale).items()
    }


def scored(name: str, words: list[str], root: Path) -> dict[str, Any]:
    """Trains a run, or finds it done, and scores its test split.

    Returns:
      Kind of anomaly -> AUROC and AUPRC against the normal rows; for digits those of
      the baselines too.

    Raises:
      RunError: if the run has no results.
    """
    from vaex.cli._sweeping import run_jobs

    (outcome,) = run_jobs([words], root)
    if outcome.state not in ("finished", "finished before"):
        raise RunError(f"{' '.join(words)} is {outcome.state}: {outcome.reason}")
    run = load_run(outcome.run)
    test = run.parts.dataset.splits["test"]
    label = np.asarray(test["label"])
    kinds = CLASSES if name == "kdd" else ("normal", name)
    generator = np.random.RandomState(0)
    most = MOST if name == "kdd" else len(label)
    rows = np.sort(
        np.concatenate(
            [
                generator.permutation(np.flatnonzero(label == number))[:most]
                for number in range(len(kinds))
            ]
        )
    )
    score = Scorer(
        run.model,
        run.variables,
        run.parts.preparation,
        ReconstructionProbability(),
        num_samples=NUM_SAMPLES,
        block_size=128,
    )
    value = score({"x": np.asarray(test["x"])[rows]}).value
    found = {}
    for number, kind in enumerate(kinds[1:], start=1):
        chosen = np.isin(label[rows], (0, number))
        found[kind] = areas(label[rows][chosen] == number, value[chosen])
    if name != "kdd":
        train = np.asarray(run.parts.dataset.splits["train"]["x"])
        scores = baselines(train, np.asarray(test["x"]))
        found |= {method: areas(label == 1, own) for method, own in scores.items()}
    return found


def areas(truth: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """AUROC and AUPRC of scores, higher for anomalies."""
    return {
        "AUROC": float(roc_auc_score(truth, scores)),
        "AUPRC": float(average_precision_score(truth, scores)),
    }


def baselines(train: np.ndarray, test: np.ndarray) -> dict[str, np.ndarray]:
    """Scores of detectors without a network, fitted to at most 5000 images.

    Args:
      train: [N, 28, 28] grey levels.
      test: [M, 28, 28].
    """
    few = train[np.random.RandomState(0).permutation(len(train))[:MOST]] / 255.0
    images = test / 255.0
    votes = oriented_gradients(few)
    svm = OneClassSVM(gamma="scale", nu=0.1).fit(votes)
    flat, flat_test = few.reshape(len(few), -1), images.reshape(len(images), -1)
    forest = IsolationForest(random_state=0).fit(flat)
    neighbours = NearestNeighbors(n_neighbors=5).fit(flat)
    scores = (
        -svm.score_samples(oriented_gradients(images)),
        -forest.score_samples(flat_test),
        neighbours.kneighbors(flat_test)[0][:, -1],
    )
    return dict(zip(BASELINES, scores, strict=True))


def of_digits(
    found: Mapping[str, Any], measure: str, method: str | None = None
) -> list[float]:
    """A measure of the digits 0 to 9, by vaex or by a baseline."""
    digits = [f"digit {d}" for d in range(10)]
    return [found[digit][method or digit][measure] for digit in digits]


def measures(found: Mapping[str, Any]) -> dict[str, float]:
    """The order of the digits, groups of them, and the attacks."""
    ours = np.array(of_digits(found, "AUROC"))
    result = {f"AUROC, digit {digit}": float(ours[digit]) for digit in range(10)}
    for measure, theirs in PAPER.items():
        values = of_digits(found, measure)
        correlation: Any = spearmanr(values, theirs)
        result[f"Spearman with the paper, {measure}"] = float(correlation.statistic)
    result["mean AUROC, digits 0, 2, 8"] = float(ours[[0, 2, 8]].mean())
    result["mean AUROC, digits 7, 9"] = float(ours[[7, 9]].mean())
    result["mean AUROC of the digits"] = float(ours.mean())
    for method in BASELINES:
        mean = float(np.mean(of_digits(found, "AUROC", method)))
        result[f"mean AUROC of the digits, {method}"] = mean
    for kind in KDD:
        result[f"AUROC, {kind}"] = found["kdd"][kind]["AUROC"]
    return result


def draw(found: Mapping[str, Any]) -> Figure:
    """AUROC of every digit and every kind of attack, the paper's beside ours."""
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(10, 4.5), sharey=True)
    ours = [of_digits(found, "AUROC"), [found["kdd"][k]["AUROC"] for k in KDD]]
    paper, names = [PAPER["AUROC"], tuple(KDD.values())], [range(10), tuple(KDD)]
    for number, axes in enumerate((left, right)):
        places = np.arange(len(ours[number]))
        axes.bar(places - 0.2, paper[number], 0.4, color="0.75", label="An, Cho 2015")
        axes.bar(places + 0.2, ours[number], 0.4, color="#0072b2", label="vaex")
        for marker, method in zip(
            "o^s", BASELINES if axes is left else (), strict=False
        ):
            values = of_digits(found, "AUROC", method)
            label = f"{method}, mean {np.mean(values):.2f}"
            axes.plot(
                places, values, marker, mfc="none", mec="black", ms=4, label=label
            )
        axes.axhline(0.5, color="black", lw=0.8, ls=":")
        axes.set_xticks(places, [str(name) for name in names[number]])
        axes.set_ylim(0, 1)
    left.set(xlabel="MNIST digit held out as the anomaly", ylabel="AUROC")
    right.set_xlabel("KDD Cup 99, attack")
    figure.suptitle("Anomalies by reconstruction probability (dotted: chance)")
    figure.legend(
        *left.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=5,
        fontsize="small",
        frameon=False,
    )
    return figure
