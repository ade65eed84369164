"""The data folder: what is there is checked, what is not is downloaded."""

import gzip
import hashlib
import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vaex.data import files
from vaex.data.files import data_folder, download, require, state
from vaex.data.remote_file import RemoteFile, sha256_of
from vaex.errors import InputError

CONTENT = b"published bytes" * 100


def remote(*urls: str, **changes) -> RemoteFile:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return RemoteFile(
        **{"path": "set-a/f.bin", "urls": urls, "sha256": sha256} | changes
    )


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty data folder."""
    monkeypatch.setenv("VAEX_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "data"


@pytest.fixture
def server(tmp_path) -> Iterator[str]:
    """Address of a server on the loopback that has /f.bin and /wrong/f.bin."""
    root = tmp_path / "server"
    (root / "wrong").mkdir(parents=True)
    (root / "f.bin").write_bytes(CONTENT)
    (root / "wrong" / "f.bin").write_bytes(CONTENT[:-1])

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(root))

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_the_folder_is_the_variable_else_a_cache(monkeypatch):
    monkeypatch.setenv("VAEX_DATA", "~/sets")
    assert data_folder() == Path.home() / "sets"
    monkeypatch.delenv("VAEX_DATA")
    assert data_folder().name == "vaex"


def test_a_file_that_is_there_is_checked_once(folder, monkeypatch):
    path = put(folder, "set-a/f.bin", CONTENT)
    file = remote()
    assert require(file) == path
    assert state(file) == "ready"
    monkeypatch.setattr("vaex.data.remote_file.sha256_of", lambda *_: 1 / 0)
    assert require(file) == path


def test_a_file_that_changes_is_checked_again(folder):
    path = put(folder, "set-a/f.bin", CONTENT)
    assert state(remote()) == "ready"
    path.write_bytes(CONTENT[:-1])
    assert state(remote()) == "damaged"


def test_a_gzipped_copy_is_known_by_what_it_holds(folder):
    path = put(folder, "set-a/f.bin.gz", gzip.compress(CONTENT, 1))
    assert require(remote()) == path
    assert sha256_of(path, decompress=True) == remote().sha256 != sha256_of(path)


@pytest.mark.parametrize("name", ["set-a/f.bin", "set-a/f.bin.gz"])
@pytest.mark.parametrize(
    "content",
    [b"", CONTENT[:-1], gzip.compress(CONTENT)[:-9]],
    ids=["empty", "cut", "compressed and cut"],  # gzip writes the time of day
)
def test_a_damaged_file(folder, name, content):
    path = put(folder, name, content)
    with pytest.raises(InputError, match="is damaged") as caught:
        require(remote())
    message = str(caught.value)
    assert str(path) in message
    assert "delete it, or run `vaex data fetch set_a`" in message
    assert state(remote()) == "damaged"


def test_a_wrong_checksum_says_expected_and_got(folder):
    put(folder, "set-a/f.bin", b"other")
    got = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(InputError, match=f"must be {remote().sha256}, got {got}"):
        require(remote())


def test_a_content_digest_replaces_the_bytes(folder):
    put(folder, "set-a/f.bin", b"ABC")
    file = remote(digest=lambda path: path.read_text().lower(), sha256="abc")
    assert state(file) == "ready"


def test_download(folder, server, caplog):
    file = remote(f"{server}/absent", f"{server}/wrong/f.bin", f"{server}/f.bin")
    assert state(file) == "missing"
    path = require(file)
    assert path == folder / "set-a" / "f.bin"
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in folder.rglob("*")] == ["set-a", "f.bin"]
    assert not caplog.records


def test_download_replaces_a_damaged_file(folder, server):
    path = put(folder, "set-a/f.bin", b"damaged")
    assert download(remote(f"{server}/f.bin")) == path
    assert path.read_bytes() == CONTENT


def test_a_download_with_a_wrong_checksum_leaves_nothing(folder, server):
    with pytest.raises(InputError, match=r"wrong/f\.bin \(sha256 must be"):
        require(remote(f"{server}/wrong/f.bin"))
    assert [entry.name for entry in folder.rglob("*")] == ["set-a"]


def test_without_a_network(folder):
    url = f"http://127.0.0.1:{closed_port()}/f.bin"
    with pytest.raises(InputError, match="could not be downloaded") as caught:
        require(remote(url))
    message = str(caught.value)
    for part in ("set-a/f.bin", url, str(folder), "by hand", "VAEX_DATA"):
        assert part in message
    assert len(message.splitlines()) == 1


def test_a_folder_that_cannot_be_written(folder, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr(files.tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(InputError, match="Read-only file system") as caught:
        require(remote("http://127.0.0.1:1/f.bin"))
    assert "by hand" in str(caught.value)
    assert "http://127.0.0.1:1/f.bin" in str(caught.value)
