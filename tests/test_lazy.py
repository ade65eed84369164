"""`vaex.folder.Name`, discovered: every public name can be had, none is ambiguous."""

import importlib
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import vaex
from vaex._lazy import definitions, discovered

ROOT = Path(vaex.__file__).parent
# The commands are no library: vaex/cli/__init__.py holds a docstring only.
PACKAGES = sorted(
    ".".join(file.parent.relative_to(ROOT.parent).parts)
    for file in ROOT.rglob("__init__.py")
    if file.parent != ROOT / "cli"
)


def folder(package: str) -> Path:
    return ROOT.parent.joinpath(*package.split("."))


def public_files(package: str) -> list[Path]:
    files = sorted(folder(package).glob("*.py"))
    return [file for file in files if not file.name.startswith("_")]


def entries(package: str) -> list[str]:
    """Public files and sub-folders of a package, as names."""
    packages = folder(package).glob("*/__init__.py")
    return [file.stem for file in public_files(package)] + [
        file.parent.name for file in packages if not file.parent.name.startswith("_")
    ]


NAMES = [
    (package, file.stem, name)
    for package in PACKAGES
    for file in public_files(package)
    for name in definitions(file)
]


@pytest.mark.parametrize(("package", "file", "name"), NAMES)
def test_a_public_name_is_an_attribute_of_its_folder(package, file, name):
    found = getattr(importlib.import_module(package), name)
    assert found is getattr(importlib.import_module(f"{package}.{file}"), name)
    assert found.__name__ == name


@pytest.mark.parametrize("package", PACKAGES)
def test_dir_lists_names_files_and_folders(package):
    expected = {name for owner, _, name in NAMES if owner == package}
    expected |= set(entries(package))
    assert set(dir(importlib.import_module(package))) == expected


@pytest.mark.parametrize("package", PACKAGES)
def test_a_file_is_an_attribute_of_its_folder(package):
    module = importlib.import_module(package)
    for name in entries(package):
        assert getattr(module, name).__name__ == f"{package}.{name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_belongs_to_one_file(package):
    """Else `package.name` would depend on the alphabet, or on the import order."""
    counts = Counter(entries(package))
    counts.update(name for owner, _, name in NAMES if owner == package)
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("name", ["NoSuchThing", "_lazy_secret", "__wrapped__"])
def test_an_unknown_name_is_an_attribute_error(package, name):
    with pytest.raises(AttributeError, match=f"'{package}' has no attribute '{name}'"):
        getattr(importlib.import_module(package), name)


def test_private_files_and_private_names_stay_hidden(tmp_path):
    (tmp_path / "shape.py").write_text("class Square: ...\ndef _side(): ...\nPI = 3\n")
    (tmp_path / "_hidden.py").write_text("class Hidden: ...\n")
    (tmp_path / "notes.txt").write_text("def note(): ...\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "solids").mkdir()
    (tmp_path / "solids" / "__init__.py").write_text("")
    getattribute, names = discovered("shapes", [str(tmp_path)])
    assert names() == ["Square", "shape", "solids"]
    for name in ("_side", "PI", "Hidden", "note", "data"):
        with pytest.raises(AttributeError, match=name):
            getattribute(name)


def test_a_name_is_imported_on_first_use_only():
    program = (
        "import sys, vaex.errors; print('vaex.support' in sys.modules); vaex.Support; "
        "print('vaex.support' in sys.modules, 'jax' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True", "False"]


def test_a_file_is_imported_without_an_index(monkeypatch):
    def read(file):
        raise AssertionError(f"{file} was read")

    monkeypatch.setattr("vaex._lazy.definitions", read)
    attribute, _ = discovered("vaex.io", [str(ROOT / "io")])
    assert attribute("atomic") is importlib.import_module("vaex.io.atomic")
    with pytest.raises(AttributeError, match="_checksums"):
        attribute("_checksums")
