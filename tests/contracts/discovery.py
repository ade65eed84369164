"""Finds the public classes of a vaex folder, so that a new file needs no new test."""

import importlib
import inspect
from pathlib import Path
from types import ModuleType


def classes(package: ModuleType, base: type) -> list[type]:
    """Subclasses of `base` that the files of a package define, `base` left out."""
    found = []
    for file in sorted(Path(package.__path__[0]).glob("[!_]*.py")):
        module = importlib.import_module(f"{package.__name__}.{file.stem}")
        found += [
            kind
            for _, kind in inspect.getmembers(module, inspect.isclass)
            if issubclass(kind, base)
            and kind is not base
            and kind.__module__ == module.__name__
        ]
    return found
