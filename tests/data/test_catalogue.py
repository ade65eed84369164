"""Every source that the folder holds, without naming one."""

import inspect
import re
from pathlib import Path

import pytest

import vaex.data
from vaex.data.catalogue import fetch, sources, status
from vaex.data.source import Source
from vaex.errors import InputError

SOURCES = sources()


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_described(name):
    source = SOURCES[name]
    assert source.name == name == Path(inspect.getfile(source)).stem
    assert "\n" not in source.about
    assert len(source.about) < 70
    for file in source.files:
        folder, _, rest = file.path.partition("/")
        assert folder.replace("-", "_") == name  # `vaex data fetch` is told so
        assert rest
        assert file.urls
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        # A digest may tell the kind of file by its name.
        assert all(Path(url).name == Path(file.path).name for url in file.urls)


def test_all_sources_are_found():
    written = {
        file.stem
        for file in Path(vaex.data.__path__[0]).glob("[!_]*.py")
        if re.search(r"^class \w+\(Source\)", file.read_text(), re.MULTILINE)
    }
    assert set(SOURCES) == written
    assert Source not in SOURCES.values()


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "array"])
def test_the_checksum_is_known_without_the_files(name, tmp_path, monkeypatch):
    monkeypatch.setenv("VAEX_DATA", str(tmp_path))
    checksum = SOURCES[name]().checksum()
    assert re.fullmatch("[0-9a-f]{64}", checksum)
    assert checksum == SOURCES[name]().checksum()
    assert list(tmp_path.iterdir()) == []


def test_checksums_differ():
    checksums = {SOURCES[name]().checksum() for name in SOURCES if name != "array"}
    assert len(checksums) == len(SOURCES) - 1


def test_status(tmp_path, monkeypatch):
    monkeypatch.setenv("VAEX_DATA", str(tmp_path))
    assert status(SOURCES["mnist"]) == "missing"
    assert status(SOURCES["digits"]()) == "ready"
    path = tmp_path / SOURCES["mnist"].files[1].path
    path.parent.mkdir()
    path.write_bytes(b"half of i")
    assert status(SOURCES["mnist"]) == "damaged"


@pytest.mark.usefixtures("data_folder")
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "freyfaces"])
def test_real_files_are_ready(name):
    assert status(SOURCES[name]) == "ready"
    assert len(fetch(name)) == len(SOURCES[name].files)


def test_fetch_replaces_what_is_damaged(tmp_path, monkeypatch):
    monkeypatch.setenv("VAEX_DATA", str(tmp_path))
    path = tmp_path / SOURCES["freyfaces"].files[0].path
    path.parent.mkdir()
    path.write_bytes(b"damaged")
    asked = []

    def refuse(url, _):
        asked.append(url)
        raise ConnectionError

    monkeypatch.setattr("vaex.data.files._retrieve", refuse)
    with pytest.raises(InputError, match=r"could not be downloaded.*ConnectionError"):
        fetch("freyfaces")
    assert asked == list(SOURCES["freyfaces"].files[0].urls)
    assert path.read_bytes() == b"damaged"


def test_an_unknown_name():
    with pytest.raises(InputError, match=f"one of {', '.join(SOURCES)}, got 'minst'"):
        fetch("minst")
