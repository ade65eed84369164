"""Datasets: what is checked, and the statistics of the training split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from vaex.data import _moments
from vaex.data._moments import moments
from vaex.data.dataset import Dataset
from vaex.errors import InputError


def real(rows: int = 4, columns: int = 3) -> np.ndarray:
    return np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)


def dataset(num_levels=None, columns=(), **others) -> Dataset:
    splits = {"train": {"x": real()}, "test": {"x": real()}, **others}
    return Dataset("tiny", splits, num_levels, "checksum", columns)


def test_spec():
    x = np.array([[[0], [4]], [[2], [4]]], np.uint8)
    condition = np.zeros((2, 5), np.float32)
    part = {"x": x, "condition": condition}
    spec = Dataset("tiny", {"train": part, "test": part}, 5, "").spec()
    assert spec.event_shape == (2, 1)
    assert spec.num_classes == 5
    assert spec.condition_dim == 5
    assert spec.train_mean.tolist() == [[1.0], [4.0]]
    assert spec.train_std.tolist() == [[1.0], [0.0]]
    assert spec.train_mean.dtype == spec.train_std.dtype == np.float32
    assert dataset().spec().condition_dim == 0


def test_arrays_are_made_contiguous():
    data = dataset(train={"x": np.asfortranarray(real())})
    assert data.splits["train"]["x"].flags.c_contiguous


@given(
    npst.arrays(
        np.float32,
        st.tuples(st.integers(1, 9), st.integers(1, 3)),
        elements=st.floats(-1e6, 1e6, width=32),
    ),
    st.integers(1, 12),
)
def test_moments_agree_with_numpy_whatever_the_block(x, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_moments, "_BLOCK", block)
        mean, std = moments(x)
    wide = x.astype(np.float64)
    np.testing.assert_allclose(mean, wide.mean(0), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(std, wide.std(0), rtol=1e-6, atol=1e-9)


def test_moments_of_a_constant_and_of_a_large_offset():
    offset = np.float32(1e7)
    x = np.stack([np.full(1000, 0.1), offset + np.arange(1000) % 2], 1).astype(
        np.float32
    )
    mean, std = moments(x)
    assert std.tolist() == [0.0, 0.5]
    np.testing.assert_allclose(mean, [0.1, 1e7 + 0.5], rtol=1e-7)


def test_moments_of_observed_values_only():
    x = np.array([[np.nan, 1, 7], [3, np.nan, 7], [5, 1, 7]], np.float32)
    mask = np.isfinite(x)
    mask[:, 2] = False
    mean, std = moments(x, mask)
    assert mean.tolist() == [4.0, 1.0, 0.0]
    assert std.tolist() == [1.0, 0.0, 0.0]


def test_the_first_bad_cell_is_named():
    x = real()
    x[2, 1] = x[3, 2] = np.nan
    message = (
        r"split 'train': x must be finite, got nan at row 2, column 1 \('b'\) "
        r"\(counted from 0; 2 such values in all\); drop"
    )
    with pytest.raises(InputError, match=message):
        dataset(columns=("a", "b", "c"), train={"x": x})


def test_masked_cells_are_not_checked():
    x, mask = real(), np.ones((4, 3), bool)
    x[2, 1], mask[2, 1] = np.inf, False
    dataset(train={"x": x, "mask": mask})


def test_a_level_out_of_range_is_named():
    x = np.zeros((3, 2, 2, 1), np.uint8)
    bad = x.copy()
    bad[1, 0, 1, 0] = 4
    message = (
        r"'test': x must hold the integers 0 to 3, got 4 at row 1, element \(0, 1, 0\)"
    )
    with pytest.raises(InputError, match=message):
        dataset(4, train={"x": x}, test={"x": bad})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_levels": 4}, "x must be uint8, got float32"),
        ({"num_levels": 1}, "num_levels must be an integer from 2 to 256, got 1"),
        ({"num_levels": 2.0}, "num_levels must be an integer"),
        ({"columns": ("a", "b")}, "a name for each of the 3 columns of x, got 2"),
        ({"dev": {"x": real()}}, r"rename \['dev'\]"),
    ],
)
def test_what_is_no_dataset(arguments, message):
    with pytest.raises(InputError, match=message):
        dataset(**arguments)


@pytest.mark.parametrize("split", ["train", "test", "validation"])
@pytest.mark.parametrize(
    ("key", "array", "message"),
    [
        ("x", real().astype(float), "x must be float32, got float64; .*astype"),
        ("x", real()[:, :2], r"one event shape .*\(2,\)"),
        ("x", real()[:0], r"at least one row and element, got .*\(0, 3\)"),
        ("x", real()[:, 0], r"x must be \[N, \.\.\.\]"),
        ("label", np.zeros(3, np.int32), r"label must have shape \(4,\)"),
        ("label", np.zeros(4, np.int64), "label must be int32, got int64"),
        ("mask", np.ones(4, bool), r"mask must have shape \(4, 3\)"),
        ("condition", np.ones((4, 2), np.float32), "condition must have one width"),
        ("condition", np.ones((4, 0), np.float32), "condition must have shape"),
        ("condition", np.ones(4, np.float32), "condition must have shape"),
        ("condition", np.ones((3, 1), np.float32), "condition must have shape"),
        ("weight", np.ones((4, 1), np.float32), r"weight must have shape \(4,\)"),
        ("weight", np.ones(4), "weight must be float32, got float64"),
        ("weight", np.float32([1, 0, -1, 2]), "not negative, got -1.0 at row 2"),
        ("weight", np.float32([1, 0, np.nan, 2]), "be finite and .* nan at row 2"),
        ("weight", np.zeros(4, np.float32), "weight must not be 0 throughout"),
        ("target", np.zeros(4), r"perhaps 'label'.*got \['target', 'x'\]"),
    ],
)
def test_what_does_not_agree(split, key, array, message):
    with pytest.raises(InputError, match=message):
        dataset(**{split: {"x": real(), key: array}})


def test_train_and_test_must_be_there():
    with pytest.raises(InputError, match=r"got \['train'\]; add \['test'\]"):
        Dataset("tiny", {"train": {"x": real()}}, None, "")


def test_a_condition_must_be_finite():
    part = {"condition": np.full((4, 1), np.inf, np.float32)}
    with pytest.raises(InputError, match="condition must be finite, got inf at row 0"):
        dataset(train={"x": real(), **part}, test={"x": real(), **part})
