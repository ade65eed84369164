"""Detecting anomalies in the tables of ADBench, and what the published VAE does there.

vaex reproduce adbench_vae: 20 tables, each with normal rows to train on; about half an
hour on two CPU cores. --scale full takes ten seeds in place of three.

The published column "VAE" is the Euclidean norm of the standardised row: that
network's reconstruction is the constant 0 on most tables. `norm` is that norm, with no
model at all. Beside it are `vaex.sklearn.VAEDetector` with its defaults, which are
reasoned from data without labels in docs/sklearn.md, the distance to the fifth nearest
neighbour, an isolation forest, a one-class SVM and the reconstruction error of
principal components, all on the same split: the first half of the normal rows trains.

Differences from the source: it drew rows anew from tables of less than 1000 and took
50,000 of larger ones by its own random numbers, so that its numbers are references
only for the 13 tables between (and there, satimage-2 is one on which its network did
not collapse wholly). Here small tables are as they are, and of `http` 50,000 rows are
drawn. The one-class SVM is fitted to 10,000 rows at most.

Source: Livernoche, Jain, Hezaveh, Ravanbakhsh, "On Diffusion Modeling for Anomaly
Detection", ICLR 2024, https://arxiv.org/abs/2305.18593, table 1 of its code's page.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from vaex.data.adbench import ADBench
from vaex.sklearn.detector import VAEDetector

PUBLISHED = {
    "annthyroid": 85.44,
    "breastw": 99.22,
    "cardio": 96.55,
    "cardiotocography": 78.90,
    "http": 99.94,
    "ionosphere": 89.76,
    "letter": 30.23,
    "lymphography": 99.88,
    "mammography": 89.58,
    "mnist": 90.21,
    "optdigits": 58.17,
    "pendigits": 94.50,
    "pima": 73.18,
    "satimage-2": 98.98,
    "shuttle": 99.35,
    "spambase": 81.40,
    "thyroid": 98.55,
    "vowels": 52.12,
    "wbc": 99.25,
    "wine": 94.25,
}
"""Table -> AUROC of the published VAE, in percent."""

SEEDS = {"smoke": 3, "full": 10}
MOST_ROWS, MOST_OF_SVM = 50_000, 10_000
METHODS = {
    "norm": "norm of the row",
    "pca": "principal components",
    "svm": "one-class SVM",
    "forest": "isolation forest",
    "neighbours": "5th nearest neighbour",
    "detector": "VAEDetector",
}


def parts(scale: str) -> dict[str, Callable[[], dict[str, Any]]]:
    """One part for each table."""
    return {
        table: functools.partial(measured, table, SEEDS[scale]) for table in PUBLISHED
    }


def rows_of(table: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normal rows to train on, rows to test on, and which of these are anomalies."""
    splits = ADBench(table).load().splits
    train, test = splits["train"]["x"], splits["test"]["x"]
    label = splits["test"]["label"]
    total = len(train) + len(test)
    if total > MOST_ROWS:
        chosen = np.random.RandomState(0).permutation(total)[:MOST_ROWS]
        kept = np.sort(chosen[chosen < len(train)])
        others = np.sort(chosen[chosen >= len(train)]) - len(train)
        train, test, label = train[kept], test[others], label[others]
    return np.asarray(train), np.asarray(test), np.asarray(label)


def measured(table: str, seeds: int) -> dict[str, Any]:
    """AUROC in percent of each method: a number, or one for each seed."""
    raw, raw_test, label = rows_of(table)
    scaler = StandardScaler().fit(raw.astype(np.float64))
    train, test = (scaler.transform(x.astype(np.float64)) for x in (raw, raw_test))

    def percent(scores: np.ndarray) -> float:
        return 100 * float(roc_auc_score(label, scores))

    neighbours = NearestNeighbors(n_neighbors=5).fit(train)
    components = PCA(0.9, svd_solver="full").fit(train)
    rebuilt = components.inverse_transform(components.transform(test))
    few = np.random.RandomState(0).permutation(len(train))[:MOST_OF_SVM]
    svm = OneClassSVM(gamma="auto").fit(train[few])
    found: dict[str, Any] = {
        "norm": percent(np.linalg.norm(test, axis=1)),
        "pca": percent(np.linalg.norm(test - rebuilt, axis=1)),
        "neighbours": percent(neighbours.kneighbors(test)[0][:, -1]),
        "svm": percent(-svm.score_samples(test)),
        "forest": [],
        "detector": [],
    }
    for seed in range(seeds):
        forest = IsolationForest(random_state=seed).fit(train)
        found["forest"].append(percent(-forest.score_samples(test)))
        detector = VAEDetector(random_state=seed).fit(raw)
        found["detector"].append(percent(-detector.score_samples(raw_test)))
    return found


def measures(found: Mapping[str, Any]) -> dict[str, Any]:
    """Norms, nearest neighbours and means over all tables, in percent."""
    of_each = {
        method: {table: values[method] for table, values in found.items()}
        for method in METHODS
    }
    result: dict[str, Any] = {}
    for method in ("norm", "neighbours"):
        for table, value in of_each[method].items():
            result[f"{METHODS[method]}: {table}"] = value
    means = {
        method: np.mean([np.mean(values) for values in tables.values()])
        for method, tables in of_each.items()
    }
    for method, mean in means.items():
        result[f"mean of all tables: {METHODS[method]}"] = float(mean)
    by_seed = np.mean(list(of_each["detector"].values()), axis=0)
    error = float(np.std(by_seed, ddof=1) / np.sqrt(len(by_seed)))
    for other in ("norm", "neighbours"):
        difference = float(means["detector"] - means[other])
        result[f"VAEDetector - {METHODS[other]}"] = difference, error
    return result


def draw(found: Mapping[str, Any]) -> Figure:
    """Every method on every table, the published VAE as a ring."""
    tables = sorted(found, key=lambda table: np.mean(found[table]["detector"]))
    figure = Figure(figsize=(8.5, 7.0), layout="constrained")
    axes = figure.add_subplot()
    places = np.arange(len(tables))
    markers = dict(zip(METHODS, "Dv<^so", strict=True))
    colours = ("#7f7f7f", "#e69f00", "#cc79a7", "#009e73", "#0072b2", "#d55e00")
    for (method, name), colour in zip(METHODS.items(), colours, strict=True):
        values = [np.mean(found[table][method]) for table in tables]
        axes.plot(
            values,
            places,
            markers[method],
            color=colour,
            ms=8 if method == "detector" else 6,
            label=f"{name}, mean {np.mean(values):.1f}",
        )
    axes.plot(
        [PUBLISHED[table] for table in tables],
        places,
        "o",
        mfc="none",
        mec="black",
        ms=12,
        label=f"published VAE, mean {np.mean([PUBLISHED[t] for t in tables]):.1f}",
    )
    axes.set_yticks(places, tables)
    axes.set(xlabel="AUROC (%)", ylim=(-0.6, len(tables) - 0.4))
    axes.grid(axis="y", color="0.9")
    axes.set_axisbelow(True)
    figure.suptitle("Anomalies in the tables of ADBench, trained on normal rows")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure
