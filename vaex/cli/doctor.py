"""Versions, devices, data and caches: is this installation sound?"""

import argparse
import os
import platform
from importlib.metadata import PackageNotFoundError, version


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
    """Prints each dependency beside the tested window; names those outside."""
    from vaex.cli import _tested

    python = ".".join(platform.python_version_tuple()[:2])
    try:
        found, others = _tested.dependencies(), _tested.others_not_as_tested()
    except PackageNotFoundError:
        print("vaex-jax  not installed (running from a folder): versions unchecked")
        return []
    print(f"vaex-jax  {version('vaex-jax')}")
    pythons = _tested.supported_pythons()
    if python not in pythons:
        print(f"          tested with Python {', '.join(pythons)}, not {python}")
    print(f"  {'':<18} {'installed':<14} {'tested':<14} allowed")
    for one in found:
        installed, tested = one.installed or "missing", one.tested or "-"
        mark = f"   <-- {one.remark}" if one.remark else ""
        print(f"  {one.name:<18} {installed:<14} {tested:<14} {one.allowed}{mark}")
    if others:
        print("  brought by these, not as tested:")
    for one in others:
        print(f"  {one.name:<18} {one.installed:<14} {one.tested:<14} {one.remark}")
    return [one.name for one in found if one.is_outside]


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
