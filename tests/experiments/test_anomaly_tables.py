"""The tables of anomaly scores: what is compared, drawn and scored."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.experiments.test_experiments import load
from vaex.cli._reproduction import Reproduction, available
from vaex.data.adbench import ADBench

AN_CHO, ADBENCH = load("an_cho"), load("adbench_vae")


def as_the_paper_has_it() -> dict:
    found: dict = {"kdd": {k: {"AUROC": v, "AUPRC": v} for k, v in AN_CHO.KDD.items()}}
    for digit in range(10):
        own = {name: values[digit] for name, values in AN_CHO.PAPER.items()}
        chance = dict.fromkeys(AN_CHO.PAPER, 0.5)
        others = dict.fromkeys(AN_CHO.BASELINES, chance)
        found[f"digit {digit}"] = {f"digit {digit}": own, **others}
    return found


def tables() -> dict:
    """Norms as published, neighbours a point above them, three seeds two points."""
    return {
        table: dict.fromkeys(ADBENCH.METHODS, value)
        | {"neighbours": value + 1, "forest": [value] * 3}
        | {"detector": [value + 2, value + 2.5, value + 1.5]}
        for table, value in ADBENCH.PUBLISHED.items()
    }


@pytest.mark.parametrize(
    ("name", "found"),
    [("an_cho", as_the_paper_has_it()), ("adbench_vae", tables())],
)
def test_every_row_is_measured_and_all_is_drawn(name, found, tmp_path):
    assert name in available()
    reproduction = Reproduction.open(name, "smoke", tmp_path)
    rows = reproduction.rows(found)
    # What equals its reference passes; neighbours have other references.
    held = [row for row in rows if "neighbour:" not in row.name]
    assert all(row.passed for row in held)
    assert reproduction.module.draw(found).axes


def test_differences_of_means_come_with_the_error_over_seeds():
    mean, error = ADBENCH.measures(tables())["VAEDetector - 5th nearest neighbour"]
    np.testing.assert_allclose([mean, error], [1.0, 0.5 / np.sqrt(3)], rtol=1e-9)


@pytest.mark.usefixtures("data_folder")
def test_rows_are_those_of_the_table_and_large_ones_are_thinned(monkeypatch):
    train, test, label = ADBENCH.rows_of("wine")
    whole = ADBench("wine").load().splits
    np.testing.assert_array_equal(train, whole["train"]["x"])
    np.testing.assert_array_equal(label, whole["test"]["label"])
    monkeypatch.setattr(ADBENCH, "MOST_ROWS", 60)
    train, test, label = ADBENCH.rows_of("wine")
    assert len(train) + len(test) == 60
    assert len(label) == len(test)
    known = {row.tobytes() for row in whole["train"]["x"]}
    assert {row.tobytes() for row in train} <= known


def test_baselines_tell_strokes_from_noise():
    generator = np.random.default_rng(0)
    strokes = np.zeros((60, 28, 28))
    for image, column in zip(strokes, generator.integers(8, 18, 60), strict=True):
        image[4:24, column : column + 3] = 255
    noise = 255.0 * generator.random((20, 28, 28))
    test, label = np.concatenate([strokes[40:], noise]), np.repeat([0, 1], 20)
    for scores in AN_CHO.baselines(strokes[:40], test).values():
        assert roc_auc_score(label, scores) > 0.9
