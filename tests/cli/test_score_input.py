"""Rows to be scored: read whatever is wrong with them, and named."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from tests.cli.tables import NAMES, rows_of, save, save_bad
from vaex.anomaly.bad_rows import inspect_rows
from vaex.cli._score_input import check_condition, read_table
from vaex.cli._scoring import rows_to_score
from vaex.errors import InputError
from vaex.likelihoods.composite import Composite
from vaex.likelihoods.full_covariance_gaussian import FullCovarianceGaussian
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.one_hot_categorical import OneHotCategorical
from vaex.preparations.identity import Identity


@pytest.fixture
def bad(tmp_path, table) -> Path:
    return save_bad(tmp_path / "bad.csv", table)


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

    np.savez(tmp_path / "c.npz", X=table, mask=table[:1] > 0)
    with pytest.raises(InputError, match="mask must have a row for each of the 60"):
        read_table(tmp_path / "c.npz", (5,))
    data = bytearray(gzip.compress(np.random.default_rng(0).bytes(200)))
    data[10] = 7  # no kind of block
    (tmp_path / "d.csv.gz").write_bytes(data)
    with pytest.raises(InputError, match="cannot be read as text"):
        read_table(tmp_path / "d.csv.gz", (5,))


def test_cells_that_the_file_hides_are_no_fault():
    x = np.array([[np.nan, 1.0], [np.nan, np.nan], [np.inf, 2.0]])
    mask = np.array([[False, True], [True, False], [True, True]])
    parts = {"head": Gaussian((2,)), "preparation": Identity(), "num_classes": None}
    found = inspect_rows(x, **parts, mask=mask)
    words = {1: "column 0 is missing", 2: "column 0 is inf, beyond float32"}
    assert found.reasons == words
    assert found.mask.tolist() == [[0, 1], [0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("condition", "size", "says"),
    [
        (None, 2, r"an array `condition` \[5, 2\], got none"),
        (np.zeros((5, 3)), 2, r"got \(5, 3\)"),
        (np.zeros((5, 3)), 0, "takes no condition"),
    ],
)
def test_a_condition_that_does_not_fit(condition, size, says):
    with pytest.raises(InputError, match=says):
        check_condition(condition, size, 5)


def test_a_condition_that_fits():
    check_condition(None, 0, 5)
    check_condition(np.zeros((5, 2)), 2, 5)
