"""Makes vaex's configuration groups available to every Hydra application.

Hydra imports this file at the start of each application in the environment, so it
stays small, does not import vaex, and does nothing where vaex's groups are not found.
"""

import importlib.util
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin


def conf_folder() -> Path | None:
    """The folder of vaex's groups: inside the package, or at the checkout's root."""
    spec = importlib.util.find_spec("vaex")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).resolve().parent
    for folder in (package / "conf", package.parent / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    return None


class VaexSearchPath(SearchPathPlugin):
    """Appends vaex's folder, so that the application's own groups come first."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Adds the folder, unless it is there: it is, where the application is vaex."""
        folder = conf_folder()
        if folder is None:
            return
        paths = [entry.path.removeprefix("file://") for entry in search_path.get_path()]
        present = [Path(path).resolve() for path in paths if "://" not in path]
        if folder not in present:
            search_path.append("vaex", f"file://{folder}")
