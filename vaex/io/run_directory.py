"""The run directory: the unit that everything reads."""

import functools
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vaex.errors import InputError
from vaex.io.atomic import write_json, write_text

PACKAGES = ("vaex-jax", "jax", "jaxlib", "flax", "optax", "distrax", "numpy")


@dataclass(frozen=True)
class RunDirectory:
    """Paths and records of one run.

    Holds `config.json` (resolved), `status.json`, `metrics.jsonl`, `checkpoints/`,
    `results.json`, `figures/`, and where it failed `error.txt`, `divergence.json`.

    Attributes:
      path: the directory.
    """

    path: Path

    @classmethod
    def open(cls, path: str | Path) -> "RunDirectory":
        """An existing run.

        Raises:
          InputError: if there is no run at this path.
        """
        run = cls(Path(path))
        if not (run.path / "config.json").is_file():
            raise InputError(
                f"{path} is not a run directory: it holds no config.json; give the "
                "directory that `vaex train` printed"
            )
        return run

    @property
    def checkpoints(self) -> Path:
        """Folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def figures(self) -> Path:
        """Folder of figures, made on first use."""
        folder = self.path / "figures"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def config(self) -> dict[str, Any]:
        """The resolved configuration."""
        return self._read("config.json") or {}

    def status(self) -> dict[str, Any]:
        """The record of how far the run got; {} where there is none."""
        return self._read("status.json") or {}

    def results(self) -> dict[str, Any] | None:
        """Final results, None before they exist."""
        return self._read("results.json")

    def start(
        self,
        config: Mapping[str, Any],
        facts: Mapping[str, Any],
        *,
        step: int = 0,
        cursor: int = 0,
    ) -> None:
        """Makes the directory ready for a run from a step on.

        Args:
          config: resolved.
          facts: what else the record of the run says (devices, data checksum).
          step: at which this attempt begins.
          cursor: bytes of metrics.jsonl that belong to the steps before it; what was
            written after them is cut off.

        Raises:
          InputError: if the directory cannot be written.
        """
        before = self.status()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in ("results.json", "error.txt", "divergence.json"):
                (self.path / name).unlink(missing_ok=True)
            self._cut_metrics(cursor)
            write_json(self.path / "config.json", dict(config))
            now = _now()
            attempt = {
                "started": now,
                "step": step,
                "host": platform.node(),
                "cores": os.cpu_count(),
                **{k: facts[k] for k in ("backend", "devices") if k in facts},
            }
            record = {
                "state": "running",
                "updated": now,
                "attempt": before.get("attempt", 0) + 1,
                "started": now,
                "versions": _versions(),
                "revision": _revision(),
                "cores": os.cpu_count(),
                "machine": platform.machine(),
                "host": platform.node(),
                "pid": os.getpid(),
                "attempts": [*before.get("attempts", []), attempt],
            }
            write_json(self.path / "status.json", record | dict(facts))
        except OSError as error:
            raise InputError(
                f"cannot write the run directory {self.path}: {error.strerror}; "
                "choose another place with run.root=FOLDER"
            ) from error

    def _cut_metrics(self, cursor: int) -> None:
        path = self.path / "metrics.jsonl"
        if cursor == 0:
            path.unlink(missing_ok=True)
        elif path.is_file() and path.stat().st_size > cursor:
            os.truncate(path, cursor)

    @property
    def metrics_size(self) -> int:
        """Bytes of metrics.jsonl."""
        path = self.path / "metrics.jsonl"
        return path.stat().st_size if path.is_file() else 0

    def set_status(self, state: str, **facts: Any) -> None:
        """Records how far the run is, such as running, finished or failed."""
        record = self.status() | {"state": state, "updated": _now()} | facts
        write_json(self.path / "status.json", record)

    def fail(self, state: str, reason: str, details: str) -> None:
        """Records a failure and its reason."""
        write_text(self.path / "error.txt", details)
        self.set_status(state, reason=reason)

    def changed_code(self) -> list[str]:
        """What the run was computed with and is other code here, one entry each.

        >>> RunDirectory(Path("nowhere")).changed_code()
        []
        """
        record = self.status()
        now = {**_versions(), "revision": _revision()}
        then = {**record.get("versions", {}), "revision": record.get("revision")}
        return [
            f"{name} {then[name]}, here it is {now.get(name)}"
            for name in then
            if then[name] and then[name] != now.get(name)
        ]

    def append_metrics(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Appends rows to metrics.jsonl; non-finite numbers become null."""
        lines = [json.dumps(_finite(row), allow_nan=False) + "\n" for row in rows]
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(lines)

    def metrics(self) -> list[dict[str, Any]]:
        """All rows of metrics.jsonl; a last line cut short is left out.

        Raises:
          InputError: if a whole line is damaged.
        """
        path = self.path / "metrics.jsonl"
        if not path.is_file():
            return []
        lines = path.read_bytes().split(b"\n")[:-1]
        rows = enumerate(lines, start=1)
        return [_parsed(line, f"{path}, line {number},") for number, line in rows]

    def write_results(self, results: Mapping[str, Any]) -> Path:
        """Writes results.json."""
        return write_json(self.path / "results.json", dict(results))

    def _read(self, name: str) -> Any:
        path = self.path / name
        if not path.is_file():
            return None
        return _parsed(path.read_bytes(), str(path))


def _parsed(text: bytes, where: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError(f"an object was written, not {str(found)[:20]!r}")
    except ValueError as error:
        raise InputError(
            f"{where} is damaged ({error}); move the run directory aside and train "
            "again"
        ) from error
    return found


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    bad = (float("inf"), float("-inf"))
    return {
        k: None if isinstance(v, float) and (v != v or v in bad) else v
        for k, v in row.items()
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@functools.cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@functools.cache
def _revision() -> str | None:
    """Git revision of the library's checkout, "-dirty" where it was changed.

    Asked once: a process computes with the code that it began with.
    """
    folder = Path(__file__).parent
    command = [
        "git",
        "-C",
        str(folder),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=12",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
