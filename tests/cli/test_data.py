"""`vaex data`, and published files that are absent or damaged."""

import dataclasses
import shutil

import pytest

from vaex.data.catalogue import sources
from vaex.data.freyfaces import FreyFaces
from vaex.data.remote_file import RemoteFile

FILE = FreyFaces.files[0]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty data folder, and no network: the only address is a closed port."""
    monkeypatch.setenv("VAEX_DATA", str(tmp_path / "data"))
    closed: RemoteFile = dataclasses.replace(FILE, urls=("http://127.0.0.1:9/frey",))
    monkeypatch.setattr(FreyFaces, "files", (closed,))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def copied(folder, data_folder):
    """A copy of the file that is to be damaged."""
    target = folder / FILE.path
    target.parent.mkdir(parents=True)
    shutil.copyfile(data_folder / FILE.path, target)
    target.chmod(0o600)
    return target


def lines_of(text: str) -> dict[str, str]:
    return dict(line.split(maxsplit=2)[:2] for line in text.splitlines()[1:])


def test_list(vaex, folder):
    code, out, err = vaex("data", "list")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"data folder  {folder}"
    found = {line.split()[0]: line.split()[1] for line in lines[1:-1]}
    assert found["digits"] == found["array"] == "ready"
    assert found["mnist"] == found["freyfaces"] == "missing"
    assert lines[-1] == "use one with vaex train data=NAME"


def test_list_tells_a_damaged_file(vaex, copied):
    assert "freyfaces        ready" in vaex("data", "list").out
    copied.write_bytes(copied.read_bytes()[:-1])
    assert "freyfaces        damaged" in vaex("data", "list").out


def test_fetch_verifies_what_is_there(vaex, copied):
    before = copied.stat().st_mtime_ns
    code, out, err = vaex("data", "fetch", "freyfaces")
    assert (code, err) == (0, "")
    assert f"verified     {copied}" in out.splitlines()
    assert copied.stat().st_mtime_ns == before


def test_fetch_of_what_needs_no_download(vaex, folder):
    code, out, _ = vaex("data", "fetch", "digits")
    assert code == 0
    assert out.splitlines()[-1] == "nothing to download for digits"


def test_fetch_of_an_unknown_name(vaex, folder):
    code, _, err = vaex("data", "fetch", "mnsit")
    assert code == 2
    assert err.startswith(f"vaex: name must be one of {', '.join(sources())}")
    assert err.endswith("got 'mnsit'\n")


@pytest.mark.parametrize("words", [(), ("lits",), ("fetch",)])
def test_a_line_that_is_not_understood(vaex, words):
    code, out, err = vaex("data", *words)
    assert (code, out) == (2, "")
    assert "vaex data" in err.splitlines()[-1]


def test_a_missing_data_set_without_a_network(refused, vaex, tmp_path, folder):
    message = refused(tmp_path / "runs", "data=freyfaces")
    for words in (
        f"{FILE.path} is not in the data folder {folder}",
        "could not be downloaded from http://127.0.0.1:9/frey",
        f"put the file by hand at {folder / FILE.path}, or set VAEX_DATA",
    ):
        assert words in message
    code, _, err = vaex("data", "fetch", "freyfaces")
    assert code == 2
    assert "could not be downloaded from" in err
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_a_data_file_cut_short(refused, tmp_path, copied):
    copied.write_bytes(copied.read_bytes()[:1000])
    message = refused(tmp_path / "runs", "data=freyfaces")
    assert f"{copied} is damaged" in message
    assert "vaex data fetch freyfaces" in message


def test_a_data_file_with_another_checksum(refused, tmp_path, copied):
    content = bytearray(copied.read_bytes())
    content[len(content) // 2] ^= 1
    copied.write_bytes(content)
    message = refused(tmp_path / "runs", "data=freyfaces")
    assert f"{copied} is damaged" in message
    assert "sha256" in message
