"""`vaex score`: bad rows in all three ways, p-values, what is odd, where it is said."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

import vaex as library
from tests.cli.commands import only_run
from vaex.anomaly.bad_rows import inspect_rows
from vaex.anomaly.reconstruction_probability import ReconstructionProbability
from vaex.anomaly.scorer import Scorer
from vaex.cli._score_input import read_table
from vaex.cli._scoring import rows_to_score
from vaex.data.rows import Rows
from vaex.errors import InputError
from vaex.likelihoods.composite import Composite
from vaex.likelihoods.full_covariance_gaussian import FullCovarianceGaussian
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.one_hot_categorical import OneHotCategorical
from vaex.preparations.identity import Identity

NAMES = ("age", "height", "pulse", "iron", "salt")


def save(path: Path, rows: list[list[object]], header=NAMES) -> Path:
    lines = [",".join(map(str, row)) for row in ([header] if header else []) + rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def rows_of(table: np.ndarray) -> list[list[object]]:
    return [[repr(float(v)) for v in row] for row in table]


@pytest.fixture
def bad(tmp_path, table) -> Path:
    """Rows 1, 2, 4 and 5 are bad: text, a cell too few, missing cells, infinite."""
    rows = rows_of(table[:8])
    rows[1][1] = "tall"
    rows[2] = rows[2][:4]
    rows[4][2:4] = "", "NaN"
    rows[5][0] = "1e300"
    return save(tmp_path / "bad.csv", rows)


def inspected(path, **options):
    found = read_table(path, (5,), **options)
    parts = {"head": Gaussian((5,)), "preparation": Identity(), "num_classes": None}
    seen = inspect_rows(found.x, columns=found.columns, **parts)
    return found, seen, {**seen.reasons, **found.reasons}


def test_every_bad_row_is_named_with_its_line(bad, table):
    found, seen, reasons = inspected(bad)
    assert reasons == {
        1: "'height' is 'tall', which is no number",
        2: "has 4 cells, not 5",
        4: "'pulse' is missing, 'iron' is missing",
        5: "'age' is 1e+300, beyond float32",
    }
    assert found.lines is not None
    assert found.lines.tolist() == list(range(2, 10))
    np.testing.assert_array_equal(found.x[[0, 3, 6, 7]], table[[0, 3, 6, 7]])
    assert seen.mask.sum(1).tolist() == [5, 4, 0, 5, 3, 4, 5, 5]


def test_masked_rows_are_scored_and_skipped_ones_left_out(bad):
    found, seen, reasons = inspected(bad)
    rows, kept = rows_to_score(found, seen.mask, dict(reasons), wants_mask=True)
    assert kept.tolist() == [0, 1, 3, 4, 5, 6, 7]
    assert np.isfinite(rows["x"]).all()
    assert rows["mask"].sum(1).tolist() == [5, 4, 5, 3, 4, 5, 5]
    _, kept = rows_to_score(found, seen.mask, dict(reasons), wants_mask=False)
    assert kept.tolist() == [0, 3, 6, 7]


def test_a_row_without_a_usable_cell_says_so(tmp_path):
    path = save(tmp_path / "empty.csv", [["1"] * 5, ["?"] * 5])
    found, seen, reasons = inspected(path)
    _, kept = rows_to_score(found, seen.mask, reasons, wants_mask=True)
    assert kept.tolist() == [0]
    assert reasons[1].endswith("and 2 cells more; no cell is left to score")


def test_columns_are_found_by_name(tmp_path, table):
    """In another order, gzipped, with a column that the model does not know."""
    order = [3, 0, 4, 1, 2]
    rows = [[*row, "7"] for row in rows_of(table[:, order])]
    path = save(tmp_path / "moved.csv", rows, [*(NAMES[i] for i in order), "kind"])
    (tmp_path / "moved.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    for name in ("moved.csv", "moved.csv.gz"):
        found = read_table(tmp_path / name, (5,), NAMES)
        np.testing.assert_array_equal(found.x, table)
        assert (found.columns, found.ignored) == (NAMES, ("kind",))
    plain = save(tmp_path / "plain.csv", rows_of(table), None)
    np.testing.assert_array_equal(read_table(plain, (5,), NAMES).x, table)


def test_cells_that_a_head_scores_together_are_hidden_together():
    """A category that was never seen: its columns, no others; a joint head's: all."""
    fields = {
        "kind": {"columns": "0:3", "head": OneHotCategorical((3,))},
        "size": {"columns": [3], "head": Gaussian((1,))},
    }
    x = np.array([[0, 1, 0, 5.0], [1, 1, 0, 5.0], [1, 0, 0, np.nan]])
    parts = {"preparation": Identity(), "num_classes": None}
    found = inspect_rows(x, head=Composite((4,), fields=fields), **parts)
    assert found.mask.tolist() == [[1, 1, 1, 1], [0, 0, 0, 1], [1, 1, 1, 0]]
    assert "column 0 is 1, outside one-hot vectors of length 3" in found.reasons[1]
    joint = inspect_rows(x, head=FullCovarianceGaussian((4,)), **parts)
    assert joint.mask[2].tolist() == [1, 1, 1, 0]  # it leaves hidden cells out exactly
    levels = np.array([[0.0, 3.0], [4.0, 1.5]])
    found = inspect_rows(
        levels, head=Gaussian((2,)), preparation=Identity(), num_classes=4
    )
    assert found.mask.tolist() == [[1, 1], [0, 0]]
    assert found.reasons[1].startswith("column 0 is 4, outside the levels 0 to 3")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "", "has no rows"),
        ("a.csv", "age,height\n1,2\n", "['pulse', 'iron', 'salt'] are missing of"),
        ("a.csv", "1,2\n3,4\n", "rows must have the 5 columns"),
        ("a.csv", "a,a,b,c,d\n1,2,3,4,5\n", "names must differ, 'a' is there twice"),
        ("a.csv", None, "cannot be read as text in UTF-8"),
        ("a.xlsx", "1", "path must end in one of"),
    ],
)
def test_a_file_that_does_not_fit(tmp_path, name, text, says):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as caught:
        read_table(tmp_path / name, (5,), NAMES)
    assert says in str(caught.value)


def test_arrays_and_their_shapes(tmp_path, table):
    np.savez(tmp_path / "a.npz", X=table, y=table[:, 0], mask=table > 0)
    found = read_table(tmp_path / "a.npz", (5,))
    assert found.mask is not None
    assert (found.mask == (table > 0)).all()
    np.save(tmp_path / "a.npy", table.reshape(-1, 5, 1))
    np.testing.assert_array_equal(read_table(tmp_path / "a.npy", (5,)).x, table)
    with pytest.raises(InputError, match=r"the shape \(4,\) .* got \(5, 1\)"):
        read_table(tmp_path / "a.npy", (4,))
    np.savez(tmp_path / "b.npz", one=table, two=table)
    with pytest.raises(InputError, match="--key must say .* got 'three' where"):
        read_table(tmp_path / "b.npz", (5,), key="three")
    assert read_table(tmp_path / "b.npz", (5,), key="two").x.shape == (60, 5)


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
    # The same numbers as in Python, of the same bits.
    model = library.load(run)
    scorer = Scorer(
        model.model,
        model.variables,
        model.preparation,
        ReconstructionProbability(),
        num_samples=8,
    )
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
    from vaex.cli._scoring import Opened, held_out_rows

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
