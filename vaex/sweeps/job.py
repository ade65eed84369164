"""One job of a sweep: its words, and what its run directory says."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vaex.errors import InputError
from vaex.io.run_directory import RunDirectory


@dataclass(frozen=True)
class Job:
    """A run directory, there or not yet; every file of it is read once.

    A damaged file is read as an empty one, and `damage` says so: one bad run shall
    not hide the others.

    Attributes:
      folder: the run directory.
      number: in its sweep; None where no record of a sweep tells.
      words: of its configuration, as the record of its sweep has them.
    """

    folder: Path
    number: int | None = None
    words: tuple[str, ...] | None = None

    @cached_property
    def damage(self) -> str:
        """What is wrong with the files of the run; "" where nothing is.

        >>> Job(Path("nowhere")).damage
        ''
        """
        _ = self.config, self.status, self.results, self.rows
        return "; ".join(self._damages)

    @cached_property
    def _damages(self) -> list[str]:
        return []

    @cached_property
    def config(self) -> dict[str, Any]:
        """The resolved configuration; {} before the run began."""
        return self._read("config", {})

    @cached_property
    def status(self) -> dict[str, Any]:
        """The record of how far the run got; {} before it began."""
        return self._read("status", {})

    @cached_property
    def results(self) -> dict[str, Any]:
        """Final results; {} before they exist."""
        return self._read("results", {}) or {}

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Rows of metrics.jsonl."""
        return self._read("metrics", [])

    @cached_property
    def overrides(self) -> tuple[str, ...]:
        """Words of its configuration, from the record or what Hydra wrote."""
        if self.words is not None:
            return self.words
        import yaml

        try:
            file = self.folder / ".hydra" / "overrides.yaml"
            found = yaml.safe_load(file.read_text("utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            return ()
        return tuple(str(word) for word in found) if isinstance(found, list) else ()

    @property
    def name(self) -> str:
        """Number of the job, or name of the run directory where there is none."""
        return self.folder.name if self.number is None else str(self.number)

    @property
    def seed(self) -> Any:
        """The seed of its configuration, None where there is none."""
        return self.config.get("seed")

    def _read(self, what: str, empty: Any) -> Any:
        try:
            return getattr(RunDirectory(self.folder), what)()
        except InputError as error:
            self._damages.append(str(error))
        except OSError as error:
            self._damages.append(f"{self.folder} cannot be read: {error.strerror}")
        return empty
