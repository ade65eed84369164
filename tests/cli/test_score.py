"""`vaex score`: bad rows in all three ways, p-values, what is odd, where it is said."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import only_run
from tests.cli.tables import NAMES, rows_of, save, save_bad
from vaex.anomaly.p_values import conformal_p_values
from vaex.anomaly.reconstruction_probability import ReconstructionProbability
from vaex.anomaly.scorer import Scorer
from vaex.cli._scoring import Opened, held_out_rows, open_model
from vaex.data.rows import Rows
from vaex.errors import InputError

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
    """And held against the held-out rows; all scores write the same table."""
    rows = table[:6].copy()
    rows[3, 2] += 10 * table[:, 2].std()
    path, out = save(tmp_path / "new.csv", rows_of(rows)), tmp_path / "out.csv"
    line = ("score", str(run), str(path), "--out", str(out), "--num-samples", "32")
    code, said, err = vaex(*line, "--features", "2")
    assert (code, err) == (0, "")
    found = read(out)
    p_values = [float(row["p_value"]) for row in found]
    assert p_values[3] == min(p_values) == pytest.approx(1 / 7, rel=1e-5)
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
    written = []
    for model in (run, tmp_path / "model"):
        out = tmp_path / f"{model.name}.csv"
        code, said, _ = vaex("score", str(model), str(path), "--out", str(out))
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
