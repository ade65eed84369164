"""The views of a run, each told everything once, none able to fail the run."""

import contextlib
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vaex.errors import InputError
from vaex.tracking.base import View

TRUTH = "metrics.jsonl and results.json hold everything"

TOGETHER = 100
"""Rows at most between two flushes; of those, a view that fails hears all again."""


@dataclass
class _Told:
    """What a view has been told: kept in tracking/NAME.json of the run directory.

    Attributes:
      name: of the run in the tracker; None before the view ever started.
      rows: of metrics.jsonl.
      results: whether it has the figures and the results.
    """

    name: str | None = None
    rows: int = 0
    results: bool = False


class Views:
    """All views of one run.

    Rows count by their place in metrics.jsonl, and each view has a file that says how
    many it has. So a view that is behind catches up at the start of an attempt (it
    was chosen later, or failed, or the machine lost power), and rows of steps that
    are done again after a resume, which come out the same, are not told twice. A
    process killed between a view and its file tells the rows of that chunk again.

    Args:
      views: by name.
      folder: the run directory.
      say: prints a warning.
    """

    def __init__(
        self, views: Mapping[str, View], folder: Path, say: Callable[[str], None]
    ):
        self._views, self._folder, self._say = dict(views), folder, say
        self._told = {name: _Told() for name in views}
        self._rows = 0
        check(self._views)

    def __bool__(self) -> bool:
        return bool(self._views)

    def start(
        self, config: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Opens every view that lacks something and tells it the rows that it lacks.

        Args:
          config: of the run.
          rows: all that metrics.jsonl holds.
        """
        self._rows = len(rows)

        def open_one(name: str, view: View) -> None:
            told = self._told[name] = self._read(name)
            if told.results:
                del self._views[name]
                return
            told.name = view.start(config, self._folder, told.name)
            self._write(name)
            self._tell(name, view, rows, 0)

        self._each(open_one)

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Tells the rows that were just added to metrics.jsonl."""
        first, self._rows = self._rows, self._rows + len(rows)
        self._each(lambda name, view: self._tell(name, view, rows, first))

    def results(self, results: Mapping[str, Any], figures: Sequence[Path]) -> None:
        """Tells the end, once: figures and results."""

        def finish_one(name: str, view: View) -> None:
            if self._told[name].results:
                return
            for path in figures:
                view.figure(path.stem, path)
            view.results(results)
            self._told[name].results = True
            self._write(name)

        self._each(finish_one)

    def stop(self, state: str) -> None:
        """Closes every view; `state` is that of status.json."""
        self._each(lambda name, view: view.stop(state))
        self._views = {}

    def _tell(
        self, name: str, view: View, rows: Sequence[Mapping[str, Any]], first: int
    ) -> None:
        """Tells a view those rows, the first of which is row `first`, that it lacks."""
        told = self._told[name]
        new = rows[max(told.rows - first, 0) :]
        for start in range(0, len(new), TOGETHER):
            some = new[start : start + TOGETHER]
            for row in some:
                view.row(row)
            view.flush()
            told.rows += len(some)
            self._write(name)

    def _each(self, action: Callable[[str, View], None]) -> None:
        """Does it with every view; one that fails is dropped with a warning."""
        for name, view in list(self._views.items()):
            try:
                action(name, view)
            except Exception as error:
                del self._views[name]
                with contextlib.suppress(Exception):
                    view.stop("failed")
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                self._say(
                    f"warning: tracking.{name} failed and is left out from here on: "
                    f"{reason}; {TRUTH}"
                )

    def _read(self, name: str) -> _Told:
        path = self._path(name)
        return _Told(**json.loads(path.read_text())) if path.is_file() else _Told()

    def _write(self, name: str) -> None:
        path = self._path(name)
        path.parent.mkdir(exist_ok=True)
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(vars(self._told[name])) + "\n")
        draft.replace(path)

    def _path(self, name: str) -> Path:
        return self._folder / "tracking" / f"{name}.json"


def check(views: Mapping[str, View]) -> None:
    """Refuses what is no view, or lacks its packages, before anything is computed.

    Raises:
      InputError: with what to do.
    """
    for name, view in views.items():
        if not isinstance(view, View):
            raise InputError(
                f"tracking.{name}._target_ must give a View, got a "
                f"{type(view).__name__}; subclass vaex.tracking.base.View"
            )
        missing = [n for n in view.needs() if importlib.util.find_spec(n) is None]
        if missing:
            raise InputError(
                f"tracking.{name} needs {' and '.join(missing)}, not installed here: "
                "pip install 'vaex-jax[track]' brings the packages of every view, "
                "tracking=none does without"
            )
