"""Cells that a file lacks: by NaN, by words for it, by a mask in it or beside it."""

import numpy as np
import pytest

from tests.data.tables import TABLE, rejoined, saved
from vaex.data.array import ArrayFile
from vaex.errors import InputError


def test_missing_cells_are_hidden_where_that_is_asked_for(tmp_path):
    x = TABLE.copy()
    x[3, 1] = x[7, 0] = np.nan
    np.save(tmp_path / "a.npy", x)
    with pytest.raises(InputError, match="or pass missing=true to hide"):
        ArrayFile(str(tmp_path / "a.npy")).load()
    data = ArrayFile(str(tmp_path / "a.npy"), missing=True).load()
    order = np.random.RandomState(0).permutation(20)
    np.testing.assert_array_equal(rejoined(data, "mask"), ~np.isnan(x)[order])
    expected = np.nan_to_num(x.astype(np.float32))[order]
    np.testing.assert_array_equal(rejoined(data), expected)
    mean = np.nanmean(x.astype(np.float32)[order][:18], 0)
    np.testing.assert_allclose(data.spec().train_mean, mean, rtol=1e-6)
    np.save(tmp_path / "whole.npy", TABLE)
    whole = ArrayFile(str(tmp_path / "whole.npy"), missing=True).load()
    assert "mask" not in whole.splits["train"]


def test_levels_with_missing_cells_are_levels(tmp_path):
    x = np.arange(60.0).reshape(20, 3) % 4
    x[2] = np.nan
    np.save(tmp_path / "a.npy", x)
    data = ArrayFile(str(tmp_path / "a.npy"), missing=True).load()
    assert data.num_levels == 4
    assert (rejoined(data, "mask").all(1)).sum() == 19


def test_empty_cells_of_a_csv(tmp_path):
    text = "a,b,y\n" + "1.5,,0\n" + "NA,2.5,1\n" + "?,n/a,0\n" + "0.5,1,1\n" * 5
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match="line 2, .* missing=true to hide missing"):
        ArrayFile(str(tmp_path / "a.csv"), label="y").load()
    data = ArrayFile(str(tmp_path / "a.csv"), label="y", missing=True).load()
    order = np.random.RandomState(0).permutation(8)
    mask = np.ones((8, 2), bool)
    mask[[0, 1, 2, 2], [1, 0, 0, 1]] = False
    np.testing.assert_array_equal(rejoined(data, "mask"), mask[order])
    assert rejoined(data, "label").tolist() == [
        (0, 1, 0, 1, 1, 1, 1, 1)[i] for i in order
    ]
    assert data.columns == ("a", "b")
    (tmp_path / "a.csv").write_text(text + "x,1,1\n")
    with pytest.raises(InputError, match="line 10, column 0 .* must be a number"):
        ArrayFile(str(tmp_path / "a.csv"), missing=True).load()


def test_a_mask_of_the_file_or_beside_it(tmp_path):
    shown = np.arange(60).reshape(20, 3) % 7 > 0
    odd = np.where(shown, TABLE, np.inf)
    path = saved(tmp_path, x=odd, mask=shown)
    named = saved(tmp_path, x=odd, seen=shown.astype(float))
    order = np.random.RandomState(0).permutation(20)
    data = ArrayFile(named, key="x", mask="seen").load()
    np.testing.assert_array_equal(rejoined(data, "mask"), shown[order])
    saved(tmp_path, x=odd, mask=shown)
    plain = ArrayFile(path).load()
    np.save(tmp_path / "x.npy", odd)
    np.save(tmp_path / "m.npy", shown)
    beside = ArrayFile(str(tmp_path / "x.npy"), mask=str(tmp_path / "m.npy")).load()
    for other in (plain, beside):
        for key in ("x", "mask"):
            np.testing.assert_array_equal(rejoined(other, key), rejoined(data, key))
    split = saved(tmp_path, x_train=odd, mask_train=shown, x_test=TABLE[:4])
    parts = ArrayFile(split).load().splits
    np.testing.assert_array_equal(parts["train"]["mask"], shown)
    assert parts["test"]["mask"].all()  # one structure for both


@pytest.mark.parametrize(
    ("arguments", "mask", "message"),
    [
        ({}, np.ones((19, 3)), r"mask must have the shape \(20, 3\) of x, got \(19, 3"),
        ({}, np.full((20, 3), 2), "mask must hold 1 where a cell is observed .* as 2"),
        ({}, np.ones((20, 3), complex), "mask must hold 1 .* got dtype complex128"),
        ({}, np.full((20, 3), np.nan), "mask must hold 1 .* such as nan"),
        ({"mask": "seen"}, np.ones((20, 3)), "mask must be the name of an array in"),
    ],
)
def test_bad_masks(tmp_path, arguments, mask, message):
    path = saved(tmp_path, x=TABLE, mask=mask)
    with pytest.raises(InputError, match=message):
        ArrayFile(path, **arguments).load()


def test_masks_and_files_that_cannot_have_them(tmp_path):
    days = np.full((20, 3), "2020-01-01", "datetime64[D]")
    hidden = np.zeros((20, 3))
    with pytest.raises(InputError, match="x must hold numbers, got dtype datetime64"):
        ArrayFile(saved(tmp_path, x=days, mask=hidden)).load()
    (tmp_path / "a.csv").write_text("1.5,2\n2.5,3\n")
    with pytest.raises(InputError, match="mask must be a file of its own beside"):
        ArrayFile(str(tmp_path / "a.csv"), mask="b").load()
    np.save(tmp_path / "a.npy", TABLE)
    with pytest.raises(InputError, match="pass memory_map=false"):
        ArrayFile(str(tmp_path / "a.npy"), missing=True, memory_map=True).load()


def test_a_run_without_masks_has_the_name_that_it_had(tmp_path):
    path = saved(tmp_path, x=TABLE)
    plain = ArrayFile(path).arguments()
    assert not {"mask", "missing", "weight"} & set(plain)
    assert ArrayFile(path, missing=True).arguments() == plain | {"missing": True}
    assert ArrayFile(path, mask="m").arguments() == plain | {"mask": "m"}
