"""The views of a run, from its configuration, and when they are told what."""

from collections.abc import Mapping
from typing import Any

from vaex.cli import _console
from vaex.errors import InputError
from vaex.io.construction import construct
from vaex.io.run_directory import RunDirectory
from vaex.tracking.views import Views


def open_views(config: Mapping[str, Any], directory: RunDirectory) -> Views:
    """The views that a configuration names; nothing is opened yet.

    Raises:
      InputError: for what is no view, or one whose packages are not installed.
    """
    nodes = config.get("tracking", {})  # older runs have none
    for name, node in nodes.items():
        if not isinstance(node, Mapping) or "_target_" not in node:
            raise InputError(
                f"tracking.{name} must be a view with a _target_, got {node!r}; "
                "tracking=custom tracking.custom._target_=my_lab.views.Mine"
            )
    views = {k: construct(node, f"tracking.{k}", {}) for k, node in nodes.items()}
    return Views(views, directory.path, _console.say)


def begin(views: Views, directory: RunDirectory) -> None:
    """Starts the views, and tells them what the run has written before."""
    if views:
        views.start(directory.config(), directory.metrics())


def end(views: Views, directory: RunDirectory) -> None:
    """Tells the views the results, if the run is finished, and closes them."""
    if not views:
        return
    state = directory.status().get("state", "failed")
    results = directory.results()
    if state == "finished" and results is not None:
        views.results(results, sorted((directory.path / "figures").glob("*.png")))
    views.stop(state)


def catch_up(views: Views, directory: RunDirectory) -> None:
    """Tells views of a finished run what they lack."""
    begin(views, directory)
    end(views, directory)
