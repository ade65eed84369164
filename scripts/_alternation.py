"""Timings of several programs in turn, each in a process of its own.

A program is a module with `prepare(options) -> run`, where `run()` does its work once
and returns a dictionary of numbers, `seconds` among them. Each waits in a process of
its own, since the threads of two libraries in one process disturb each other; one works
at a time. The order turns by one place each round, so that what a machine does besides
falls on all alike.
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, TextIO

Run = Callable[[], Mapping[str, float]]
PAUSE = 0.3
"""Seconds between two timings: threads that wait by spinning come to rest."""


class Worker:
    """A process that prepares a program and runs it when it is told to."""

    def __init__(self, module: str, options: Mapping[str, Any]):
        command = [sys.executable, __file__, module, json.dumps(options)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._errors = tempfile.TemporaryFile("w+")  # libraries draw progress bars
        pipes |= {"stderr": self._errors, "env": os.environ | {"TQDM_DISABLE": "1"}}
        self._process = subprocess.Popen(command, text=True, **pipes)

    def answer(self) -> dict[str, Any]:
        """The next line that it says; {"missing": why} where a package is missing.

        Raises:
          RuntimeError: with what it wrote to the error stream, if it ended.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._errors.seek(0)
        raise RuntimeError(f"{self._process.args} failed:\n{self._errors.read()}")

    def run(self) -> dict[str, Any]:
        """One timing."""
        assert self._process.stdin is not None
        print("run", file=self._process.stdin, flush=True)
        return self.answer()

    def close(self) -> None:
        """Lets it end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


def alternate(
    programs: Mapping[str, tuple[str, Mapping[str, Any]]], repeats: int
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Times programs in turn.

    Args:
      programs: name -> module and options.
      repeats: timings of each, after one that is dropped as it compiles.

    Returns:
      Name -> what the last run said, with the list `seconds` of all and their median
      `median_seconds`; and name -> why a program is missing.
    """
    workers, missing = {}, {}
    for name, (module, options) in programs.items():  # one at a time: few cores
        worker = Worker(module, options)
        ready = worker.answer()
        if "missing" in ready:
            missing[name] = ready["missing"]
            worker.close()
        else:
            workers[name] = worker
    found: dict[str, dict[str, Any]] = {name: {"seconds": []} for name in workers}
    names = list(workers)
    for _ in range(repeats):
        for name in names:
            time.sleep(PAUSE)
            said = workers[name].run()
            seconds = [*found[name]["seconds"], said["seconds"]]
            found[name] |= {**said, "seconds": seconds}
        names = names[1:] + names[:1]
    for name, result in found.items():
        result["median_seconds"] = median(result["seconds"])
        workers[name].close()
    return found, missing


def circumstances(packages: tuple[str, ...]) -> dict[str, Any]:
    """Where and with what: processor, cores, load, versions."""
    versions = {"python": platform.python_version()}
    for name in packages:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "versions": versions,
    }


def write(path: Path, report: Mapping[str, Any]) -> None:
    """Writes a report for `benchmark_table.py`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n")


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor()


def _serve(module: str, options: dict[str, Any], say: TextIO) -> None:
    """Prepares and runs a program, a line for each answer."""
    try:
        prepared: Run = importlib.import_module(module).prepare(options)
        prepared()  # compiles
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), file=say, flush=True)
        return
    print(json.dumps({"ready": True}), file=say, flush=True)
    for _ in sys.stdin:
        print(json.dumps(dict(prepared())), file=say, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A worker; started by the scripts.")
    parser.add_argument("module")
    parser.add_argument("options", type=json.loads)
    given = parser.parse_args()
    # What libraries print goes to the error stream: only answers are on the other.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _serve(given.module, given.options, answers)
