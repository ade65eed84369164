"""The command line in this process, small settings, and one finished run for all."""

import contextlib
import copy
import functools
import io
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from tests.cli.commands import TINY, Answer, Command, Finished
from tests.cli.own_heads import HEAD
from vaex.errors import InputError


@pytest.fixture(scope="session")
def vaex() -> Command:
    """Runs a command line in this process, which it must leave as it was."""

    def run(*words: str) -> Answer:
        from hydra.core.global_hydra import GlobalHydra

        from vaex.cli.main import main

        def state():
            root = logging.getLogger()
            return (
                list(sys.argv),
                list(sys.path),
                os.environ.get("HYDRA_FULL_ERROR"),  # JAX's import sets some others
                (root.level, list(root.handlers)),
                GlobalHydra.instance().is_initialized(),
            )

        before = state()
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(list(words))
            except SystemExit as end:  # argparse ends so
                code = end.code
        assert state() == before
        return Answer(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def train(vaex: Command) -> Command:
    """`vaex train` with tiny settings, into `root`."""

    def run(root: Path, *words: str) -> Answer:
        return vaex("train", *TINY, f"run.root={root}", *words)

    return run


@pytest.fixture(scope="session")
def refused(train: Command) -> Callable[..., str]:
    """The one line on stderr of a refused `vaex train`, which must leave nothing."""

    def run(root: Path, *words: str) -> str:
        code, out, err = train(root, *words)
        assert (code, out) == (2, "")
        assert err.startswith("vaex: ")
        assert err.count("\n") == 1
        assert "Traceback" not in err
        assert not root.exists() or not list(root.iterdir())
        return err.removeprefix("vaex: ").rstrip()

    return run


@pytest.fixture(scope="session")
def composed() -> Callable[..., dict[str, Any]]:
    """The resolved configuration of a line; composed once, as that is slow."""

    @functools.cache
    def compose_once(*words: str) -> dict[str, Any]:
        from hydra import compose, initialize_config_dir

        from vaex.cli import _configuration

        _configuration.register()
        folder = str(_configuration.config_folder())
        with initialize_config_dir(folder, version_base="1.3"):
            return _configuration.plain(compose("config", list(words)))

    return lambda *words: copy.deepcopy(compose_once(*words))


@pytest.fixture
def refused_values(composed, tmp_path) -> Callable[..., str]:
    """The message for values that a line's configuration cannot have.

    Past Hydra, and so much faster than the line itself; nothing may be left either.
    """

    def run(*values: str, line: tuple[str, ...] = ()) -> str:
        from vaex.cli._run import train

        config = OmegaConf.create(composed(*line))
        config.merge_with_dotlist(list(values))
        folder = tmp_path / "runs" / "run"
        (folder / ".hydra").mkdir(parents=True)
        with pytest.raises(InputError) as caught:
            train(OmegaConf.to_container(config), folder)
        assert not folder.parent.exists()
        return str(caught.value)

    return run


@pytest.fixture(scope="session")
def finished(train: Command, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A run shared by tests that only read it."""
    root = tmp_path_factory.mktemp("finished") / "not" / "there" / "yet"
    answer = train(root)
    (path,) = root.iterdir()
    return Finished(root, path, answer)


@pytest.fixture(scope="session")
def table() -> np.ndarray:
    """Real values [60, 5], exact in float32."""
    values = np.random.default_rng(0).normal(1.0, 3.0, (60, 5))
    return values.astype(np.float32).astype(np.float64)


@pytest.fixture(scope="session")
def table_file(table: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "table.npy"
    np.save(path, table)
    return path


@pytest.fixture(scope="session")
def levels_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey images [40, 6, 6] of 256 levels."""
    path = tmp_path_factory.mktemp("levels") / "levels.npy"
    images = np.random.default_rng(0).integers(0, 256, (40, 6, 6))
    images[0, 0, 0] = 255
    np.save(path, images.astype(np.uint8))
    return path


@pytest.fixture
def my_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A working directory with a package of the user's own; its name."""
    name = f"lab_{tmp_path.name}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "heads.py").write_text(HEAD)
    (tmp_path / name / "broken.py").write_text("import not_installed_anywhere\n")
    (tmp_path / name / "cut.py").write_text("class Head(\n")
    monkeypatch.chdir(tmp_path)
    return name
