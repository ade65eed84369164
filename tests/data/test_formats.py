"""Readers: round trips, and one clear error for every bad file."""

import gzip
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from vaex.data.formats import read_array
from vaex.errors import InputError

TYPES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
SHAPES = npst.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)


def idx(array: np.ndarray) -> bytes:
    """The bytes of an idx file."""
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    kind = array.dtype.str[1:]
    magic = bytes([0, 0, TYPES[kind], array.ndim])
    return magic + sizes + array.astype(f">{kind}").tobytes()


@given(st.data(), st.sampled_from(sorted(TYPES)), st.booleans())
def test_idx_round_trip(data, kind, compressed):
    array = data.draw(npst.arrays(np.dtype(kind), SHAPES))
    content = idx(array)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.idx.gz" if compressed else "a-idx3-ubyte")
        path.write_bytes(gzip.compress(content) if compressed else content)
        read = read_array(path)["x"]
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


@given(
    st.dictionaries(
        st.sampled_from(["X", "y", "x_train", "other"]),
        npst.arrays(st.sampled_from(["u1", "i8", "f4", "f8", "?"]), SHAPES),
        min_size=1,
    ),
    st.booleans(),
)
def test_npz_and_npy_round_trip(arrays, compressed):
    save = np.savez_compressed if compressed else np.savez
    with tempfile.TemporaryDirectory() as folder:
        save(f"{folder}/a.npz", **arrays)
        read = read_array(f"{folder}/a.npz")
        first = next(iter(arrays))
        np.save(f"{folder}/a.npy", arrays[first])
        single = read_array(f"{folder}/a.npy")["x"]
    assert read.keys() == arrays.keys()
    for key, array in arrays.items():
        assert read[key].dtype == array.dtype
        np.testing.assert_array_equal(read[key], array)
    np.testing.assert_array_equal(single, arrays[first])


@given(npst.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 4))))
def test_csv_round_trip(table):
    text = "\n".join(",".join(map(repr, row)) for row in table.tolist())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_text(text)
        np.testing.assert_array_equal(read_array(path)["x"], table)


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n3,4\n",
        "\ufeffa,b\r\n1,2\r\n3,4\r\n",
        '\n"a", b\n\n1,2\n3,4',
        "a,b\r1,2\r3,4\r",
    ],
)
def test_csv_headers_are_found(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    arrays = read_array(path)
    assert arrays["columns"].tolist() == ["a", "b"]
    assert arrays["x"].tolist() == [[1, 2], [3, 4]]


def test_csv_without_header_has_no_columns(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"1,2\n3,4\n"))
    arrays = read_array(tmp_path / "a.csv.gz")
    assert list(arrays) == ["x"]
    assert arrays["x"].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,tcp\n", r"line 3, column 1 \('b'\) must be a number, got 'tcp'"),
        ("1,2\n3,\n", "line 2, column 1 must be a number, got ''"),
        ("0,tcp,5\n1,udp,6\n", "line 1, column 1 must be a number, got 'tcp'"),
        ("1,2\n3\n", "line 2 must have 2 cells like the first, got 1"),
        ("a,b\n1,2,3\n", "line 2 must have 2 cells like the first, got 3"),
        ("a,a\n1,2\n", "column names must differ, 'a' is there twice"),
        ("a,b\n", "has no rows of numbers"),
        ("\n\n", "has no rows of numbers"),
        ("1;2\n3;4\n", "has no rows|line 1, column 0|line 2, column 0"),
    ],
)
def test_bad_csv(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_array(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("text", "expected", "dtype"),
    [
        ("0 1 1\n1 0 0\n", [[0, 1, 1], [1, 0, 0]], np.uint8),
        ("7\n9\n", [[7], [9]], np.uint8),
        ("0 1 1\n1 0 0", [[0, 1, 1], [1, 0, 0]], np.float64),
        ("0.5 10\n2 3 \n", [[0.5, 10], [2, 3]], np.float64),
        ("0 1 0 1\n1  10\n", None, None),
        ("0 1\n1\n", None, None),
        ("a b\n", None, None),
        ("\n\n", None, None),
    ],
)
@pytest.mark.filterwarnings("ignore:loadtxt. input contained no data")
def test_amat(tmp_path, text, expected, dtype):
    path = tmp_path / "a.amat"
    path.write_text(text)
    if expected is None:
        with pytest.raises(InputError, match="a table of numbers|rows of numbers"):
            read_array(path)
    else:
        read = read_array(path)["x"]
        assert read.dtype == dtype
        assert read.tolist() == expected


@pytest.mark.parametrize("compressed", [True, False])
def test_mat_numeric_arrays(tmp_path, compressed):
    arrays = {"X": np.arange(6.0).reshape(2, 3), "flag": np.array([[True]])}
    variables = {**arrays, "text": "words", "cell": np.array([[1], "a"], object)}
    scipy.io.savemat(tmp_path / "a.mat", variables, do_compression=compressed)
    read = read_array(tmp_path / "a.mat")
    assert read.keys() == arrays.keys()
    np.testing.assert_array_equal(read["X"], arrays["X"])


def test_mat_7_3_is_refused_clearly(tmp_path):
    header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124)
    (tmp_path / "a.mat").write_bytes(header + b"\x00\x02IM" + bytes(512))
    with pytest.raises(InputError, match=r"MATLAB 7\.3 file .*save.*-v7"):
        read_array(tmp_path / "a.mat")


def test_pickles_are_refused(tmp_path):
    objects = np.array([{}, None], object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "a.npz", meta=objects)
    np.savez(tmp_path / "b.npz", meta=objects, imgs=np.zeros((2, 2)))
    (tmp_path / "a.pkl").write_bytes(b"")
    for name in ("a.npy", "a.npz", "a.pkl"):
        with pytest.raises(InputError, match="pickle"):
            read_array(tmp_path / name)
    assert list(read_array(tmp_path / "b.npz")) == ["imgs"]


def whole_files(folder: Path) -> list[Path]:
    rows = np.random.RandomState(0).rand(50, 3)
    np.save(folder / "a.npy", rows)
    np.savez_compressed(folder / "a.npz", X=rows)
    scipy.io.savemat(folder / "a.mat", {"X": rows}, do_compression=True)
    content = idx(rows)
    (folder / "a.idx").write_bytes(content)
    (folder / "a.idx.gz").write_bytes(gzip.compress(content))
    (folder / "a.amat.gz").write_bytes(gzip.compress(b"0 1\n" * 50))
    (folder / "a.csv.gz").write_bytes(gzip.compress(b"0,1\n" * 50))
    return sorted(folder.iterdir())


@pytest.mark.parametrize("keep", [0.0, 0.02, 0.5, 0.98])
def test_truncated_files(tmp_path, keep):
    for path in whole_files(tmp_path):
        data = path.read_bytes()
        path.write_bytes(data[: int(keep * len(data))])
        with pytest.raises(InputError, match="delete it and get it again") as caught:
            read_array(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_an_idx_file_that_is_cut_in_its_header(tmp_path):
    content = idx(np.zeros((2, 3, 4), np.uint8))
    for size in range(4, 16):
        (tmp_path / "a.idx").write_bytes(content[:size])
        with pytest.raises(InputError, match="truncated: .* rank 3 .* got .* delete"):
            read_array(tmp_path / "a.idx")


@pytest.mark.parametrize("name", ["a.npz", "a.idx.gz", "a.amat.gz", "a.mat"])
def test_flipped_bits(tmp_path, name):
    assert tmp_path / name in whole_files(tmp_path)
    data = bytearray((tmp_path / name).read_bytes())
    data[len(data) // 2] ^= 0x55
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match="delete it and get it again"):
        read_array(tmp_path / name)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.mat", "a.idx", "a.idx.gz"])
def test_files_of_another_kind(tmp_path, name):
    (tmp_path / name).write_text("these are words and no numbers at all\n" * 9)
    with pytest.raises(InputError, match=name):
        read_array(tmp_path / name)


def test_what_is_no_file(tmp_path):
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        read_array(tmp_path / "folder.npy")
    with pytest.raises(InputError, match="does not exist; check the path"):
        read_array(tmp_path / "absent.npy")
    with pytest.raises(InputError, match=r"must end in one of \.npy"):
        read_array(tmp_path / "table.xlsx")
