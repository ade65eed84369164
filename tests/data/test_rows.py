"""Rows on disk are indexed as arrays are."""

import numpy as np
import pytest

from vaex.data import telling
from vaex.data.rows import Rows
from vaex.errors import InputError

X = np.arange(24.0).reshape(8, 3)
ORDER = np.array([5, 0, 7, 2, 2, 6])


@pytest.fixture(params=["one", "parts"])
def parts(request, tmp_path):
    cuts = [] if request.param == "one" else [0, 3, 3, 7]
    files = []
    for number, part in enumerate(np.split(X, cuts)):
        np.save(tmp_path / f"{number}.npy", part)
        files.append(np.load(tmp_path / f"{number}.npy", mmap_mode="r"))
    return files


@pytest.mark.parametrize("order", [None, ORDER])
@pytest.mark.parametrize("dtype", [None, np.uint8])
def test_rows_are_those_of_the_array(parts, order, dtype):
    expected = (X if order is None else X[order]).astype(dtype or X.dtype)
    rows = Rows(parts, order, dtype)
    assert (rows.shape, rows.dtype) == (expected.shape, expected.dtype)
    assert (len(rows), rows.ndim, rows.size) == (len(expected), 2, expected.size)
    assert rows.nbytes == expected.nbytes
    keys = [
        *(3, -1, np.int32(2), slice(None), slice(1, 4), slice(5, 0, -2), slice(3, 3)),
        *([4, 0, 4], np.array([[1, 2], [3, -6]]), np.arange(len(expected)) % 2 == 0),
        *((2, 1), (slice(2), 1), ([3, 3], slice(1))),
    ]
    for key in keys:
        found = rows[key]
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected[key])
        assert not isinstance(found, np.memmap)
    np.testing.assert_array_equal(np.asarray(rows), expected)
    assert np.asarray(rows, np.float32).dtype == np.float32
    np.testing.assert_array_equal(list(rows), expected)


def test_a_row_that_is_not_there(parts):
    for key in (6, -7, [0, 6]):
        with pytest.raises(IndexError, match="rows go from 0 to 5, got"):
            Rows(parts, ORDER)[key]


def test_what_is_taken_is_a_copy(tmp_path):
    x = X.copy()
    found = Rows([x])[:2]
    x[:] = 0
    np.testing.assert_array_equal(found, X[:2])


def test_parts_must_be_alike():
    with pytest.raises(InputError, match="must have one shape of example and"):
        Rows([X, X.astype(np.float32)])


def test_a_long_pass_says_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr(telling, "EVERY", -1.0)
    assert list(telling.told(range(0, 8, 2), "reading")) == [0, 2, 4, 6]
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"reading: {share} % done" for share in (0, 25, 50, 75)]
