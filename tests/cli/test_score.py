"""`vaex score`: bad rows in all three ways, p-values, what is odd, where it is said."""

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.cli.commands import only_run
from tests.cli.tables import NAMES, rows_of, save, save_bad
from vaex.anomaly.p_values import conformal_p_values
from vaex.anomaly.reconstruction_probability import ReconstructionProbability
from vaex.anomaly.scorer import Scorer
from vaex.anomaly.scores import Scores
from vaex.cli._scoring import (
    Opened,
    explanation,
    fitted_score,
    held_out_rows,
    judge,
    open_model,
)
from vaex.data.rows import Rows
from vaex.errors import InputError
from vaex.likelihoods.gaussian import Gaussian

# The runs that are only read are trained once for all files.
pytestmark = pytest.mark.xdist_group("finished run")


@pytest.fixture
def bad(tmp_path, table) -> Path:
    return save_bad(tmp_path / "bad.csv", table)


@pytest.fixture(scope="module")
def run(train, table, tmp_path_factory) -> Path:
    """A run on a table with names."""
    folder = tmp_path_factory.mktemp("scored")
    path = save(folder / "table.csv", rows_of(table))
    answer = train(folder / "runs", "data=array", f"data.path={path}")
    assert (answer.code, answer.err) == (0, "")
    return only_run(folder / "runs")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_bad_rows_are_refused_masked_or_skipped(vaex, run, bad, table, tmp_path):
    out = tmp_path / "scores.csv"
    line = ("score", str(run), str(bad), "--out", str(out), "--num-samples", "8")
    code, said, err = vaex(*line)
    assert (code, said) == (2, "")
    assert "4 of 8 rows cannot be scored as they are (row 1: 'height' is 'tall'" in err
    assert "(line 3)" in err
    assert "pass --bad-rows mask" in err
    assert not out.exists()
    assert vaex(*line, "--bad-rows", "skip").code == 0
    skipped = read(out)
    assert [row["row"] for row in skipped] == list("01234567")
    empty = [row["row"] for row in skipped if not row["score"]]
    assert empty == list("1245")
    assert skipped[2]["note"] == "not scored: has 4 cells, not 5"
    code, said, _ = vaex(*line, "--bad-rows", "mask")
    assert code == 0
    assert "bad rows 4: 3 scored without those cells, 1 without a score" in said
    masked = read(out)
    assert [row["row"] for row in masked if not row["score"]] == ["2"]
    assert masked[4]["note"].startswith("scored without: 'pulse' is missing")
    assert masked[4]["p_value"]
    for one, other in zip(masked, skipped, strict=True):
        if other["score"]:
            assert one == other
    # A row with hidden cells is held against rows with the same cells hidden.
    opened = open_model(run)
    held_out = held_out_rows(opened, "test", 1000)
    assert held_out is not None
    seen = np.array([True, True, False, False, True])
    scorer = Scorer(*opened.parts, ReconstructionProbability(), num_samples=8)
    normal = scorer({**held_out, "mask": np.tile(seen, (len(held_out["x"]), 1))})
    expected = conformal_p_values(normal.value, float(masked[4]["score"]))
    assert float(masked[4]["p_value"]) == pytest.approx(float(expected), rel=1e-5)
    # The same numbers as in Python, of the same bits.
    found = scorer({"x": table[[0, 3, 6, 7]]})
    written = [float(masked[row]["score"]) for row in (0, 3, 6, 7)]
    assert written == found.value.tolist()


@pytest.mark.slow
def test_an_odd_row_is_found_with_its_feature(vaex, run, table, tmp_path):
    """Whichever it is, and held against the held-out rows.

    All scores write the same table.
    """
    rows = np.concatenate([table[:3], table[:57]])
    planted, place = np.arange(3, 60), np.arange(57) % 5
    sign = np.where(planted % 2, 10.0, -10.0)
    place[0] = 2
    rows[planted, place] += sign * table.std(0)[place]
    path, out = save(tmp_path / "new.csv", rows_of(rows)), tmp_path / "out.csv"
    line = ("score", str(run), str(path), "--out", str(out), "--num-samples", "32")
    code, said, err = vaex(*line, "--features", "2")
    assert (code, err) == (0, "")
    found = read(out)
    p_values = [float(row["p_value"]) for row in found]
    assert p_values[3] == min(p_values) == pytest.approx(1 / 7, rel=1e-5)
    blamed = [row["feature_1"] for row in found[3:]]
    right = [NAMES[i] == name for i, name in zip(place, blamed, strict=True)]
    assert np.mean(right) >= 0.95
    assert found[3]["feature_1"] == "pulse"
    assert float(found[3]["share_1"]) > 0.5
    assert list(found[0])[-5:] == [
        "feature_1",
        "share_1",
        "feature_2",
        "share_2",
        "note",
    ]
    assert f"written  {out}" in said
    assert vaex(*line, "--score", "mahalanobis").code == 0
    assert "feature_1" not in read(out)[0]
    assert vaex(*line, "--score", "error", "--attribution", "parts").code == 0
    assert read(out)[3]["feature_1"] in NAMES


@pytest.mark.slow
def test_an_export_has_the_same_scores_and_no_p_values(vaex, run, table, tmp_path):
    """Bit by bit: what was saved and read back scores as the run does."""
    assert vaex("export", str(run), "--out", str(tmp_path / "model")).code == 0
    path = save(tmp_path / "new.csv", rows_of(table[:9]))
    turned = tmp_path / "turned.csv"  # columns are found by their names
    lines = [line.split(",")[::-1] for line in path.read_text().splitlines()]
    turned.write_text("\n".join(map(",".join, lines)))
    written = []
    for model, file in ((run, path), (tmp_path / "model", turned)):
        out = tmp_path / f"{model.name}.csv"
        code, said, _ = vaex("score", str(model), str(file), "--out", str(out))
        assert code == 0
        written.append([(row["score"], row["se"]) for row in read(out)])
    assert written[0] == written[1]
    assert "an export holds no held-out rows" in said
    assert {row["p_value"] for row in read(out)} == {""}
    code, _, err = vaex("score", str(model), str(path), "--score", "typicality")
    assert code == 2
    assert "which the export" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--num-samples", "0"), "--num-samples must be at least 1, got 0"),
        (("--features", "0"), "--features must be at least 1, got 0"),
        (("--tolerance", "0"), "--tolerance must be above 0, got 0.0"),
        (("--seed", "-1"), "--seed must lie between 0"),
        (("--out", "no/where/a.csv"), "--out must lie in a folder that is there"),
        (("--bad-rows", "drop"), "invalid choice: 'drop'"),
        (("--score", "mse"), "score must be one of"),
    ],
)
def test_bad_arguments(vaex, words, says):
    code, out, err = vaex("score", "nowhere", "data.csv", *words)
    assert (code, out) == (2, "")
    assert says in err.splitlines()[-1]


def test_the_help_has_examples(vaex):
    code, out, _ = vaex("score", "--help")
    assert code == 0
    assert "vaex score runs/1f3a data.csv --bad-rows mask --tolerance 0.05" in out


def test_held_out_rows_are_spread_over_the_split():
    x = np.arange(100.0).reshape(50, 2)
    splits = {"test": {"x": Rows([x]), "label": np.zeros(50)}}
    opened = Opened(Path("run"), None, None, None, None, splits, ())
    found = held_out_rows(opened, "test", 5)
    assert found is not None
    assert list(found) == ["x"]
    assert found["x"][:, 0].tolist() == [0.0, 24.0, 48.0, 74.0, 98.0]
    with pytest.raises(InputError, match="--calibration-split must be one of"):
        held_out_rows(opened, "train", 5)
    assert held_out_rows(opened._replace(splits=None), "test", 5) is None


class Sum:
    """A scorer of the sum of what is seen."""

    def __call__(self, rows, on_block=lambda done: None):
        value = np.where(rows.get("mask", True), rows["x"], 0.0).sum(1)
        return Scores(value, 0 * value, np.ones(len(value), int), None)


def test_rows_are_held_against_rows_that_have_the_same_cells():
    """Also where the held-out rows lack some: those without a wanted cell are out."""
    x = np.arange(12.0).reshape(6, 2)
    mask = np.array([[1, 1], [1, 1], [1, 0], [1, 0], [0, 1], [1, 1]], bool)
    seen = np.array([[True, True], [True, False], [False, True]])
    rows = {"x": np.full((3, 2), 2.0), "mask": seen}
    options = (1, "parts", lambda done: None)
    found = judge(Sum(), rows, {"x": x, "mask": mask}, *options)
    sums = [x.sum(1)[[0, 1, 5]], x[[0, 1, 2, 3, 5], 0], x[[0, 1, 4, 5], 1]]
    expected = [
        conformal_p_values(s, v) for s, v in zip(sums, (4.0, 2.0, 2.0), strict=True)
    ]
    np.testing.assert_allclose(found.p_values, expected)
    none = judge(Sum(), rows, {"x": x, "mask": mask & [True, False]}, *options)
    assert np.isnan(none.p_values).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("stored", "columns", "says"),
    [
        ({"event_shape": (3,)}, (), r"event_shape is \(2,\), and \(3,\) there"),
        ({"num_classes": 4}, (), "num_classes is None, and 4 there"),
        ({}, ("b", "a"), r"columns \['a', 'b'\], got \['b', 'a'\]"),
    ],
)
def test_a_background_of_other_rows_is_refused(monkeypatch, stored, columns, says):
    facts = {"event_shape": (2,), "num_classes": None, "condition_dim": 0}
    own, other = (
        Opened(Path("run"), None, None, None, SimpleNamespace(**each), None, names)
        for each, names in ((facts, ("a", "b")), (facts | stored, columns))
    )
    monkeypatch.setattr("vaex.cli._scoring.open_model", lambda path: other)
    with pytest.raises(InputError, match=f"--background must be a model of .*{says}"):
        fitted_score("ratio", own, 1, "other", 0)


def test_too_many_features_to_hide_are_refused_before_anything_is_scored():
    score, head = ReconstructionProbability(), Gaussian((300,))
    with pytest.raises(InputError, match="at most 256, got 300; use --attribution par"):
        explanation("occlusion", score, head, 1)
    assert explanation("auto", score, head, 1) == "parts"


@pytest.mark.slow
def test_images_are_drawn_pixel_by_pixel(vaex, finished, run, tmp_path):
    levels = np.random.default_rng(0).integers(0, 17, (3, 8, 8)).astype(float)
    levels[1, 2, 3] = 17
    np.save(tmp_path / "images.npy", levels)
    out, figure = tmp_path / "out.csv", tmp_path / "odd.png"
    line = (
        "score",
        str(finished.path),
        str(tmp_path / "images.npy"),
        "--out",
        str(out),
    )
    options = ("--figure", str(figure), "--bad-rows", "mask", "--num-samples", "4")
    code, said, err = vaex(*line, *options, "--attribution", "parts")
    assert (code, err) == (0, "")
    assert figure.stat().st_size > 10_000
    found = read(out)
    assert len(found[0]["feature_1"].split()) == 2
    note = "scored without: element (2, 3) is 17, outside the levels 0 to 16"
    assert found[1]["note"] == note
    code, said, err = vaex("score", str(run), "data.csv", "--figure", str(figure))
    assert (code, said) == (2, "")
    assert "--figure draws images" in err
