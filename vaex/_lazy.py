"""Lazy, discovered attribute access for packages: no hand-kept list of names."""

import ast
import importlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any


def definitions(file: Path) -> list[str]:
    """Public classes and functions that a source file defines at its top level."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.ClassDef, ast.FunctionDef)
    names = [node.name for node in tree.body if isinstance(node, kinds)]
    return [name for name in names if not name.startswith("_")]


def discovered(
    package: str, path: Iterable[str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package, read from the files in its folder.

    `package.Name` imports the file that defines `Name`; `package.file` imports
    the submodule. Files whose name starts with an underscore stay private. A
    file and a name that it defines must differ (else the attribute would be the
    function or the module, depending on what was imported first).

    Args:
      package: the package's `__name__`.
      path: its `__path__`.

    Returns:
      The two functions, to be assigned in the package's `__init__.py`.

    >>> import vaex.likelihoods
    >>> vaex.likelihoods.Bernoulli.__module__
    'vaex.likelihoods.bernoulli'
    """
    folder = Path(next(iter(path)))

    @cache
    def index() -> dict[str, str | None]:
        """Name -> file that defines it; None for a submodule itself."""
        found: dict[str, str | None] = {}
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith(("_", ".")):
                continue
            if (entry / "__init__.py").is_file():
                found[entry.name] = None
            elif entry.suffix == ".py":
                found.update((name, entry.stem) for name in definitions(entry))
                found[entry.stem] = None
        return found

    def getattribute(name: str) -> Any:
        # Asked by `from package import file` too, which needs no index.
        if not name.startswith("_") and (folder / f"{name}.py").is_file():
            return importlib.import_module(f"{package}.{name}")
        if name.startswith("_") or name not in index():
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        file = index()[name]
        if file is None:
            return importlib.import_module(f"{package}.{name}")
        return getattr(importlib.import_module(f"{package}.{file}"), name)

    return getattribute, lambda: sorted(index())
