"""Versions, devices, data and caches: is this installation sound?"""

import argparse
import os
import platform
from importlib.metadata import PackageNotFoundError, requires, version


def run(argv: list[str]) -> int:
    """Prints what a bug report needs; 1 if a version is outside the tested window."""
    argparse.ArgumentParser(prog="vaex doctor", description=__doc__).parse_args(argv)
    print(f"python    {platform.python_version()} on {platform.platform()}")
    outside = _versions()
    _devices()
    _data()
    if outside:
        print(
            f"\noutside the tested window: {', '.join(outside)}; install with "
            "-c constraints.txt"
        )
    return 1 if outside else 0


def _versions() -> list[str]:
    """Prints each direct dependency beside its range; names those outside."""
    from packaging.requirements import Requirement

    outside = []
    try:
        needed = requires("vaex-jax") or []
        print(f"vaex-jax  {version('vaex-jax')}")
    except PackageNotFoundError:
        print("vaex-jax  not installed (running from a folder): versions unchecked")
        return []
    for text in sorted(needed):
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            found = "missing"
        inside = found != "missing" and requirement.specifier.contains(
            found, prereleases=True
        )
        mark = "" if inside else "   <-- outside"
        print(f"  {requirement.name:<18} {found:<14} {requirement.specifier}{mark}")
        if not inside:
            outside.append(requirement.name)
    return outside


def _devices() -> None:
    import jax

    from vaex.cli._cache import use_compilation_cache

    kinds = [f"{d.platform}:{d.id} {d.device_kind}" for d in jax.devices()]
    print(f"devices   {', '.join(kinds)}; {os.cpu_count()} cores")
    print(f"compiled  {use_compilation_cache()}")


def _data() -> None:
    from vaex.data import catalogue, files

    print(f"data      {files.data_folder()}")
    for name, source in catalogue.sources().items():
        print(f"  {name:<18} {catalogue.status(source)}")
