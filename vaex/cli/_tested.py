"""Installed versions beside what pyproject.toml allows and what the tests ran with."""

from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

NAME = "vaex-jax"

FOR_DEVELOPERS = ("dev", "docs")
"""Extras whose packages say nothing about a run."""


class Dependency(NamedTuple):
    """A distribution that vaex uses.

    Attributes:
      name: of the distribution.
      installed: its version here, None where it is missing.
      tested: the version that the tests passed with on this Python, None where
        constraints.txt does not name it.
      allowed: the range of pyproject.toml, "" where another package brings it.
    """

    name: str
    installed: str | None
    tested: str | None
    allowed: str

    @property
    def is_outside(self) -> bool:
        """Whether it is missing, or the range excludes it."""
        if self.installed is None:
            return True
        allowed = Requirement(f"{NAME}{self.allowed}").specifier
        return not allowed.contains(self.installed, prereleases=True)

    @property
    def remark(self) -> str:
        """Where it departs from the tested version; "" where it does not.

        >>> Dependency("jax", "0.13", "0.12", ">=0.10,<0.13").remark
        'outside'
        >>> Dependency("jax", "0.12.1", "0.12", ">=0.10,<0.13").remark
        'newer than tested'
        >>> Dependency("jax", "0.12", "0.12.0", ">=0.10,<0.13").remark
        ''
        """
        if self.is_outside:
            return "outside"
        if self.tested is None or self.installed is None:
            return ""
        try:
            found, known = Version(self.installed), Version(self.tested)
        except InvalidVersion:
            return "" if self.installed == self.tested else "not as tested"
        if found == known:
            return ""
        return "newer than tested" if found > known else "older than tested"


def dependencies() -> list[Dependency]:
    """What vaex needs, and the packages of its extras that are here; by name.

    Raises:
      importlib.metadata.PackageNotFoundError: if vaex is not installed but run from
        a folder.
    """
    here, pins = _installed(), pinned_versions()
    extras = metadata.metadata(NAME).get_all("Provides-Extra") or []
    extras = [extra for extra in extras if extra not in FOR_DEVELOPERS]
    found = {}
    for text in metadata.requires(NAME) or []:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        is_needed = _holds(requirement, "")
        is_optional = any(_holds(requirement, extra) for extra in extras)
        if name not in found and (is_needed or (is_optional and name in here)):
            allowed = str(requirement.specifier)
            found[name] = Dependency(
                requirement.name, here.get(name), pins.get(name), allowed
            )
    return sorted(found.values(), key=lambda dependency: dependency.name.lower())


def others_not_as_tested() -> list[Dependency]:
    """Packages that others bring, at another version than the tested one."""
    here, direct = _installed(), {canonicalize_name(d.name) for d in dependencies()}
    found = [
        Dependency(name, here[name], version, "")
        for name, version in sorted(pinned_versions().items())
        if name in here and name not in direct
    ]
    return [dependency for dependency in found if dependency.remark]


def pinned_versions() -> dict[str, str]:
    """Canonical name -> the version that constraints.txt gives it on this Python."""
    package = Path(__file__).resolve().parents[1]
    for file in (package / "constraints.txt", package.parent / "constraints.txt"):
        if file.is_file():
            break
    else:
        raise FileNotFoundError("vaex's constraints.txt was not installed with it")
    lines = file.read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in pins
        if pin.marker is None or pin.marker.evaluate()
    }


def supported_pythons() -> list[str]:
    """Versions of Python that the tests are run with, such as "3.11"."""
    prefix = "Programming Language :: Python :: 3."
    found = metadata.metadata(NAME).get_all("Classifier") or []
    return [line.rpartition(" ")[2] for line in found if line.startswith(prefix)]


def _holds(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is None or marker.evaluate({"extra": extra})


def _installed() -> dict[str, str]:
    return {
        canonicalize_name(d.name): d.version
        for d in metadata.distributions()
        if d.name  # a broken one has none
    }
