"""A file of the user's own: which array, which labels, which form, which split."""

import gzip

import numpy as np
import pytest
import scipy.io

from tests.data.tables import TABLE, rejoined, saved
from vaex.data.array import ArrayFile
from vaex.errors import InputError

GREY = (np.arange(20 * 5 * 4) % 251).astype(np.uint8).reshape(20, 5, 4)


def test_the_split_is_the_permutation_of_the_seed(tmp_path):
    np.save(tmp_path / "a.npy", TABLE)
    data = ArrayFile(str(tmp_path / "a.npy"), test_fraction=0.25, seed=3).load()
    assert len(data.splits["test"]["x"]) == 5
    order = np.random.RandomState(3).permutation(20)
    np.testing.assert_array_equal(rejoined(data), TABLE.astype(np.float32)[order])
    assert data.name == "a"


@pytest.mark.parametrize(
    ("array", "num_levels"),
    [
        (TABLE, None),
        (TABLE.astype(int), 9),
        (TABLE.astype(int).astype(np.float32), 9),
        (TABLE.astype(int) - 1, None),
        (TABLE.astype(int) * 100, None),
        (np.zeros((4, 2)), 2),
        (np.ones((4, 2), bool), 2),
        (np.full((4, 2), 255), 256),
        (np.full((4, 2), 256), None),
        (GREY, 251),
    ],
)
def test_small_integers_are_levels(tmp_path, array, num_levels):
    np.save(tmp_path / "a.npy", array)
    data = ArrayFile(str(tmp_path / "a.npy")).load()
    assert data.num_levels == num_levels
    expected = np.float32 if num_levels is None else np.uint8
    assert rejoined(data).dtype == expected


@pytest.mark.parametrize(
    ("array", "event_shape", "expected"),
    [
        (GREY, None, (5, 4)),
        (GREY[..., None], None, (5, 4)),
        (GREY[:, :3], None, (3, 4)),
        (GREY.astype(int), None, (5, 4)),
        (GREY, (20,), (20,)),
        (GREY.reshape(20, 20), (5, 4, 1), (5, 4, 1)),
        (TABLE[:, 0], None, (1,)),
    ],
)
def test_event_shapes(tmp_path, array, event_shape, expected):
    np.save(tmp_path / "a.npy", array)
    data = ArrayFile(str(tmp_path / "a.npy"), event_shape=event_shape).load()
    assert data.event_shape == expected
    assert rejoined(data).flags.c_contiguous


def test_which_array_is_the_data(tmp_path):
    path = saved(tmp_path, Z=TABLE, w=TABLE + 1)
    with pytest.raises(InputError, match=r"key must say .* are \['Z', 'w'\]"):
        ArrayFile(path).load()
    with pytest.raises(InputError, match=r"key must be the name .*'q'.*\['Z', 'w'\]"):
        ArrayFile(path, key="q").load()
    assert rejoined(ArrayFile(path, key="w").load()).min() >= 1
    only = ArrayFile(saved(tmp_path, images=TABLE, y=np.arange(20))).load()
    assert rejoined(only, "label").dtype == np.int32
    both = ArrayFile(saved(tmp_path, X=TABLE, other=TABLE + 1)).load()
    assert rejoined(both).min() == 0


def test_which_array_is_the_label(tmp_path):
    x, y, t = TABLE, np.arange(20)[:, None], np.arange(20) * 10.0
    path = saved(tmp_path, X=x, y=y, t=t, half=t / 4)
    data = ArrayFile(path).load()
    order = np.random.RandomState(0).permutation(20)
    np.testing.assert_array_equal(rejoined(data, "label"), order)
    other = ArrayFile(path, label="t").load()
    np.testing.assert_array_equal(rejoined(other, "label"), 10 * order)
    with pytest.raises(InputError, match="label must hold one integer for each of the"):
        ArrayFile(path, label="half").load()
    with pytest.raises(InputError, match="label must be the name of an array"):
        ArrayFile(path, label="absent").load()
    unusable = ArrayFile(saved(tmp_path, X=x, y=t / 4)).load()
    assert "label" not in unusable.splits["train"]


def test_csv_labels_by_name_or_number(tmp_path):
    (tmp_path / "a.csv").write_text("u,v,kind\n" + "0.5,2,1\n" * 9)
    data = ArrayFile(str(tmp_path / "a.csv"), label="kind").load()
    assert data.columns == ("u", "v")
    assert rejoined(data).tolist() == [[0.5, 2]] * 9
    assert rejoined(data, "label").tolist() == [1] * 9
    with pytest.raises(InputError, match=r"label must be a column .*'no'.*'kind'\]"):
        ArrayFile(str(tmp_path / "a.csv"), label="no").load()
    (tmp_path / "b.csv").write_text("0.5,2,1\n" * 9)
    bare = ArrayFile(str(tmp_path / "b.csv"), label=1).load()
    assert rejoined(bare, "label").tolist() == [2] * 9
    assert bare.columns == ()


def test_rows_have_the_weights_of_an_array_that_is_named(tmp_path):
    order = np.random.RandomState(0).permutation(20)
    path = saved(tmp_path, images=TABLE, y=np.arange(20), w=np.arange(20)[:, None])
    data = ArrayFile(path, weight="w").load()
    found = rejoined(data, "weight")
    np.testing.assert_array_equal(found, order)
    assert found.dtype == np.float32
    with pytest.raises(InputError, match="weight must be the name of an array in"):
        ArrayFile(path, key="images", weight="absent").load()
    bad = ArrayFile(saved(tmp_path, X=TABLE, w=np.zeros((20, 2))), weight="w")
    with pytest.raises(InputError, match="weight must hold one number for each of the"):
        bad.load()
    plain = ArrayFile(saved(tmp_path, X=TABLE, w=np.ones(20)))
    assert "weight" not in plain.load().splits["train"]
    assert "weight" not in plain.arguments()


def test_csv_weights_by_name_beside_labels(tmp_path):
    (tmp_path / "a.csv").write_text("u,w,v,kind\n" + "0.5,0.25,2,1\n" * 9)
    path = str(tmp_path / "a.csv")
    data = ArrayFile(path, label="kind", weight="w").load()
    assert data.columns == ("u", "v")
    assert rejoined(data).tolist() == [[0.5, 2]] * 9
    assert rejoined(data, "weight").tolist() == [0.25] * 9
    assert rejoined(data, "label").tolist() == [1] * 9
    with pytest.raises(InputError, match=r"weight must be a column .*'no'.*'kind'\]"):
        ArrayFile(path, weight="no").load()


@pytest.mark.parametrize("name", ["x", "X"])
def test_a_file_that_is_split_already(tmp_path, name):
    arrays = {f"{name}_train": GREY, f"{name}_test": GREY[:3] // 2}
    labels = {"y_train": np.arange(20), "y_test": np.arange(3)}
    weights = {"w_train": np.ones(20), "w_test": np.arange(3)}
    data = ArrayFile(saved(tmp_path, **arrays, **labels, **weights), weight="w").load()
    assert data.num_levels == 251
    np.testing.assert_array_equal(data.splits["test"]["weight"], np.arange(3))
    np.testing.assert_array_equal(data.splits["train"]["x"], GREY)
    np.testing.assert_array_equal(data.splits["test"]["label"], np.arange(3))


def test_a_bad_value_is_named_by_its_row_in_the_file(tmp_path):
    rows = ["a,b"] + ["1.5,2"] * 9
    rows[4] = "1.5,nan"
    (tmp_path / "a.csv").write_text("\n".join(rows))
    with pytest.raises(InputError, match=r"got nan at row 3, column 1 \('b'\)"):
        ArrayFile(str(tmp_path / "a.csv")).load()
    (tmp_path / "a.csv").write_text("1.5,2\n1.5,1e300\n")
    with pytest.raises(InputError, match=r"float32's range.*got 1e\+300 at row 1"):
        ArrayFile(str(tmp_path / "a.csv")).load()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"test_fraction": 0}, "test_fraction must lie between 0 and 1, got 0"),
        ({"test_fraction": 1.0}, "test_fraction must lie between 0 and 1, got 1.0"),
        ({"test_fraction": "a"}, "test_fraction must lie between 0 and 1, got 'a'"),
        ({"seed": -1}, "seed must be an integer from 0 to 4294967295, got -1"),
        ({"seed": 0.5}, "seed must be an integer"),
        (
            {"event_shape": (2, 0)},
            r"event_shape must hold positive integers, got \(2, 0\)",
        ),
        ({"event_shape": ()}, "event_shape must hold positive integers"),
        (
            {"event_shape": (7,)},
            r"as many elements as an example .* got \(7,\) for \(3,\)",
        ),
    ],
)
def test_bad_arguments(tmp_path, arguments, message):
    np.save(tmp_path / "a.npy", TABLE)
    with pytest.raises(InputError, match=message):
        ArrayFile(str(tmp_path / "a.npy"), **arguments).load()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array(["a", "b"]), "x must hold numbers, got dtype <U1"),
        (np.zeros((3, 2), complex), "x must hold numbers, got dtype complex128"),
        (np.float64(3.0), "got the single number 3.0"),
        (TABLE[:1], "two rows at least, to be split, got 1"),
        (TABLE[:0], "two rows at least, to be split, got 0"),
        (TABLE[:, :0], "at least one row and element"),
    ],
)
def test_bad_arrays(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=message):
        ArrayFile(str(tmp_path / "a.npy")).load()


def test_the_checksum_is_of_the_bytes_and_the_arguments(tmp_path):
    np.save(tmp_path / "a.npy", TABLE)
    np.save(tmp_path / "b.npy", TABLE)
    np.save(tmp_path / "c.npy", TABLE + 1)
    first, second, third = (ArrayFile(str(tmp_path / f"{name}.npy")) for name in "abc")
    assert first.checksum() == second.checksum() == first.load().checksum
    assert first.checksum() != third.checksum()
    other = ArrayFile(str(tmp_path / "a.npy"), seed=1)
    assert first.checksum() != other.checksum()
    with pytest.raises(InputError, match="does not exist"):
        ArrayFile("absent.npy").checksum()


def test_paths_are_relative_to_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"1.5\n2.5\n"))
    monkeypatch.chdir(tmp_path)
    assert ArrayFile("a.csv.gz").load().event_shape == (1,)


def test_adbench(data_folder):
    data = ArrayFile(str(data_folder / "adbench" / "4_breastw.npz")).load()
    assert (rejoined(data, "label") == 1).sum() == 239
    assert data.num_levels == 11
    shuttle = ArrayFile(str(data_folder / "adbench" / "32_shuttle.npz")).load()
    assert rejoined(shuttle).shape == (49097, 9)
    assert shuttle.num_levels is None


@pytest.mark.parametrize("name", ["6_cardio", "40_vowels"])
def test_odds_matlab_files_hold_the_values_of_adbench(data_folder, name):
    mat = data_folder / "odds" / f"{name.split('_')[1]}.mat"
    first = ArrayFile(str(data_folder / "adbench" / f"{name}.npz")).load()
    second = ArrayFile(str(mat)).load()
    for key in ("x", "label"):
        np.testing.assert_array_equal(rejoined(first, key), rejoined(second, key))


def test_matlab_key(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"faces": GREY.reshape(20, 20).T, "n": 3.0})
    with pytest.raises(InputError, match=r"\['faces', 'n'\]"):
        ArrayFile(str(tmp_path / "a.mat")).load()
    data = ArrayFile(str(tmp_path / "a.mat"), key="faces").load()
    assert rejoined(data).flags.c_contiguous
