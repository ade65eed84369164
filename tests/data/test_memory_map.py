"""Arrays that stay on disk: what they hold is what is read into memory."""

import gzip
import struct

import numpy as np
import pytest

from vaex.data import _moments, _scan, array
from vaex.data.array import ArrayFile
from vaex.data.rows import Rows
from vaex.errors import InputError

TABLE = np.arange(60.0).reshape(20, 3) / 7
GREY = (np.arange(20 * 5 * 4) % 251).astype(np.uint8).reshape(20, 5, 4)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VAEX_DATA", str(tmp_path / "data folder"))
    return tmp_path / "data folder"


def saved(folder, x, name: str = "x.npy") -> str:
    path = folder / name
    if name.endswith("npy"):
        np.save(path, x)
    else:
        code = {">i4": 0x0C, "|u1": 0x08, ">f4": 0x0D}[x.dtype.str]
        sizes = struct.pack(f">{x.ndim}I", *x.shape)
        path.write_bytes(bytes([0, 0, code, x.ndim]) + sizes + x.tobytes())
    return str(path)


def both(path: str, **arguments):
    """The data set read into memory, and mapped."""
    return tuple(
        ArrayFile(path, memory_map=mode, **arguments).load() for mode in (False, True)
    )


def assert_alike(read, disk) -> None:
    assert isinstance(disk.splits["train"]["x"], Rows)
    assert isinstance(read.splits["train"]["x"], np.ndarray)
    assert (read.name, read.num_levels) == (disk.name, disk.num_levels)
    for split, arrays in read.splits.items():
        assert list(arrays) == list(disk.splits[split])
        for name, expected in arrays.items():
            found = disk.splits[split][name]
            assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
            np.testing.assert_array_equal(np.asarray(found), expected)
    for name, expected in vars(read.spec()).items():
        np.testing.assert_array_equal(getattr(disk.spec(), name), expected)


@pytest.mark.parametrize(
    ("x", "name", "arguments"),
    [
        (TABLE, "x.npy", {"test_fraction": 0.3, "seed": 4}),
        (TABLE.astype(">f4"), "x-idx2", {}),
        (TABLE.astype(int), "x.npy", {}),
        (TABLE.astype(int) * 100, "x.npy", {}),
        ((TABLE * 1e3).astype(">i4"), "x.idx", {}),
        (GREY, "x-idx3-ubyte", {"event_shape": (20,)}),
        (GREY[..., None], "x.npy", {}),
        (TABLE[:, 0], "x.npy", {}),
        (TABLE > 3, "x.npy", {}),
    ],
)
def test_a_mapped_file_is_the_data_set_that_is_read(tmp_path, x, name, arguments):
    read, disk = both(saved(tmp_path, x, name), **arguments)
    assert_alike(read, disk)
    assert read.checksum == disk.checksum


def test_labels_and_weights_have_files_of_their_own(tmp_path):
    path = saved(tmp_path, TABLE)
    label = saved(tmp_path, np.arange(20), "y.npy")
    weight = saved(tmp_path, np.arange(20) / 4, "w.npy")
    read, disk = both(path, label=label, weight=weight)
    assert_alike(read, disk)
    assert read.checksum == disk.checksum
    order = np.random.RandomState(0).permutation(20)
    np.testing.assert_array_equal(read.splits["test"]["label"], order[18:])
    saved(tmp_path, np.arange(20) / 2, "w.npy")
    assert both(path, label=label, weight=weight)[1].checksum != read.checksum
    saved(tmp_path, np.arange(19), "y.npy")
    for mode in (False, True):
        with pytest.raises(InputError, match="label must hold one integer for each"):
            ArrayFile(path, label=label, memory_map=mode).load()
    np.savez(tmp_path / "split.npz", x_train=TABLE, x_test=TABLE)
    with pytest.raises(InputError, match="label must be the name of arrays in"):
        ArrayFile(str(tmp_path / "split.npz"), label=label).load()


def test_a_folder_of_files_is_one_array(tmp_path):
    (tmp_path / "x").mkdir()
    for number, part in enumerate(np.split(TABLE, [7, 8])):
        np.save(tmp_path / "x" / f"{number}.npy", part)
    whole = ArrayFile(saved(tmp_path, TABLE)).load()
    disk = ArrayFile(str(tmp_path / "x")).load()
    assert_alike(whole, disk)
    np.save(tmp_path / "x" / "2.npy", np.full((2, 3), np.inf))
    with pytest.raises(InputError, match=r"2.npy: x must be finite .* inf at row 0"):
        ArrayFile(str(tmp_path / "x")).load()
    np.save(tmp_path / "x" / "2.npy", TABLE[:, :2])
    with pytest.raises(InputError, match=r"one shape of example .*\(2,\).*\(3,\)"):
        ArrayFile(str(tmp_path / "x")).load()


def test_large_files_stay_on_disk_unless_they_are_to_be_read(tmp_path, monkeypatch):
    path, size = saved(tmp_path, TABLE), TABLE.nbytes + 128

    def is_mapped(**arguments) -> bool:
        return isinstance(ArrayFile(**arguments).load().splits["train"]["x"], Rows)

    assert not is_mapped(path=path)
    monkeypatch.setattr(array, "AUTO_BYTES", size)
    assert not is_mapped(path=path)
    monkeypatch.setattr(array, "AUTO_BYTES", size - 1)
    assert is_mapped(path=path)
    assert not is_mapped(path=path, memory_map=False)
    np.savez(tmp_path / "x.npz", X=TABLE)
    assert not is_mapped(path=str(tmp_path / "x.npz"))


def test_the_values_are_looked_at_once(tmp_path, folder, monkeypatch):
    path, scans = saved(tmp_path, TABLE), []
    scanned, moments = _scan._scanned, _moments.moments
    monkeypatch.setattr(
        _scan, "_scanned", lambda *given: scans.append("scan") or scanned(*given)
    )
    monkeypatch.setattr(
        "vaex.data.dataset.moments",
        lambda *given: scans.append("moments") or moments(*given),
    )

    def spec():
        return ArrayFile(path, memory_map=True).load().spec().train_mean

    first = spec()
    assert scans == ["scan", "moments"]
    np.testing.assert_array_equal(spec(), first)
    assert scans == ["scan", "moments"]
    for kept in (folder / "scanned").iterdir():
        kept.write_bytes(kept.read_bytes()[:50])  # as after a full disk
    np.testing.assert_array_equal(spec(), first)
    assert scans == ["scan", "moments"] * 2
    saved(tmp_path, TABLE + 1)
    np.testing.assert_allclose(spec(), first + 1, rtol=1e-6)
    assert scans == ["scan", "moments"] * 3


def test_a_data_folder_that_cannot_be_written_is_done_without(tmp_path, folder):
    folder.write_text("not a folder")
    read, disk = both(saved(tmp_path, TABLE))
    assert_alike(read, disk)


def test_a_bad_value_is_named_as_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(_scan, "_BLOCK", 7)
    x = TABLE.copy()
    x[[4, 9, 9], [2, 0, 1]] = np.nan, np.inf, 1e300
    path = saved(tmp_path, x)
    messages = []
    for mode in (False, True):
        with pytest.raises(InputError, match="nan at row 4, column 2") as error:
            ArrayFile(path, memory_map=mode).load()
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert "3 such values" in messages[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"memory_map": "yes"}, "memory_map must be true, false or auto, got 'yes'"),
        ({"key": "z"}, "key must name an array inside a file, got 'z'"),
        ({"label": "z"}, "label must be a .npy or idx file of its own .* got 'z'"),
        ({"weight": 3}, "weight must be a .npy or idx file of its own .* got '3'"),
        ({"label": "absent.npy"}, "absent.npy does not exist"),
        ({"path": "absent.npy"}, "absent.npy does not exist"),
        (
            {"path": "x.npz"},
            r"memory_map=true needs .* 'x.npz' .*numpy.save",
        ),
        ({"path": "x.npy.gz"}, "memory_map=true needs a .npy"),
        ({"path": "x-idx3-ubyte.gz"}, "memory_map=true needs a .npy"),
        ({"path": "empty"}, "empty must hold .npy files"),
        ({"path": "empty", "memory_map": False}, "memory_map=false reads one file"),
        ({"path": "fortran.npy"}, "in Fortran's order; save numpy.ascontiguousarray"),
        ({"path": "pickled.npy"}, "pickled Python objects, which are never read"),
        ({"path": "cut.npy"}, "is not a whole .npy file"),
        ({"path": "long.npy"}, "goes on after its array"),
        ({"path": "cut.idx"}, "is truncated or damaged"),
        ({"path": "text.npy"}, "x must hold numbers, got dtype <U1"),
        ({"path": "one.npy"}, "two rows at least, to be split, got 1"),
        ({"path": "none.npy"}, "two rows at least, to be split, got 0"),
        ({"path": "thin.npy"}, "at least one row and element"),
    ],
)
def test_what_cannot_be_mapped(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    content = (tmp_path / saved(tmp_path, TABLE)).read_bytes()
    (tmp_path / "cut.npy").write_bytes(content[:-1])
    (tmp_path / "long.npy").write_bytes(content + b"\0")
    (tmp_path / "x.npy.gz").write_bytes(gzip.compress(content))
    saved(tmp_path, GREY, "cut.idx")
    (tmp_path / "cut.idx").write_bytes((tmp_path / "cut.idx").read_bytes()[:-1])
    saved(tmp_path, np.asfortranarray(TABLE), "fortran.npy")
    saved(tmp_path, np.array([{}, 1]), "pickled.npy")
    saved(tmp_path, np.array(["a", "b"]), "text.npy")
    saved(tmp_path, TABLE[:1], "one.npy")
    saved(tmp_path, TABLE[:0], "none.npy")
    saved(tmp_path, TABLE[:, :0], "thin.npy")
    given = {"path": "x.npy", "memory_map": True} | arguments
    with pytest.raises(InputError, match=message):
        ArrayFile(**given).load()
