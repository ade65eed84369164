"""The built wheel in an empty environment: installs, trains anywhere, extends."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import numpy as np
import pytest

import vaex

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


def run(*command: str | Path, folder: Path, timeout: float = 500) -> str:
    """Runs a command as a user of the wheel would: outside the checkout."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment.pop("VAEX_DATA", None)
    environment.pop("XLA_FLAGS", None)  # programs as users have them
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, (
        f"{words}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    )
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the environment's own tools."""
    folder = tmp_path_factory.mktemp("dist")
    build = ("-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    run(sys.executable, *build, folder=folder)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def environment(wheel: Path) -> Iterator[Path]:
    """bin/ of a new environment that holds the wheel and what it requires."""
    with tempfile.TemporaryDirectory(prefix="vaex-wheel-") as name:
        folder = Path(name)
        run(sys.executable, "-m", "venv", folder / "env", folder=folder)
        bin = folder / "env" / "bin"
        constraints = ROOT / "constraints.txt"
        run(bin / "pip", "install", "-q", "-c", constraints, wheel, folder=folder)
        yield bin


def run_directory(root: Path) -> Path:
    """The one run directory below `root`, checked to hold results."""
    (results,) = root.rglob("results.json")
    values = json.loads(results.read_text())
    assert {"elbo", "nll", "bits_per_dim", "rate", "distortion"} <= values.keys()
    return results.parent


def test_the_wheel_holds_package_configs_and_plugins(wheel):
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
        info = next(name for name in files if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(info).decode())
    plugins = {f"hydra_plugins/{file.name}" for file in ROOT.glob("hydra_plugins/*.py")}
    configs = {file.relative_to(ROOT) for file in (ROOT / "conf").rglob("*.yaml")}
    assert plugins
    assert configs
    assert plugins | {f"vaex/{file.as_posix()}" for file in configs} <= files
    assert "vaex/constraints.txt" in files
    assert {file.split("/")[0] for file in files} == {
        "vaex",
        "hydra_plugins",
        info.split("/")[0],
    }
    assert metadata["Name"] == "vaex-jax"
    assert metadata["Version"] == vaex.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"


def test_dependencies_agree(environment, tmp_path):
    assert "No broken requirements" in run(
        environment / "pip", "check", folder=tmp_path
    )


def test_help_and_a_training_run_from_an_unrelated_folder(environment, tmp_path):
    vaex_command = environment / "vaex"
    assert "train" in run(vaex_command, "--help", folder=tmp_path)
    root = tmp_path / "results of mine"
    line = ("train", "trainer.epochs=1", f"run.root='{root}'")
    run(vaex_command, *line, folder=tmp_path)
    assert run_directory(root).is_dir()


def test_a_config_folder_of_the_user(environment, tmp_path):
    option = tmp_path / "lab" / "encoder" / "tiny.yaml"
    option.parent.mkdir(parents=True)
    option.write_text("_target_: vaex.nn.mlp.MLPEncoder\nhidden: [7]\n")
    line = ("train", "--config-dir", "lab", "encoder=tiny", "trainer.epochs=1")
    run(environment / "vaex", *line, "run.root=runs", folder=tmp_path)
    config = run_directory(tmp_path / "runs") / ".hydra" / "config.yaml"
    assert "encoder:\n  _target_: vaex.nn.mlp.MLPEncoder\n  hidden:\n  - 7\n" in (
        config.read_text()
    )


HEAD = """\
import distrax

from vaex.likelihoods.base import Likelihood, positive, support


class MyLaplace(Likelihood):
    num_params = 2
    support = support.real

    def distribution(self, loc, raw_scale):
        return distrax.Laplace(loc, positive(raw_scale, self.min_scale))
"""


def test_a_head_of_the_users_own_package(environment, tmp_path):
    package = tmp_path / "my_lab"
    package.mkdir()
    (package / "heads.py").write_text(HEAD)
    np.save(tmp_path / "X.npy", np.random.default_rng(0).laplace(size=(60, 3)))
    head = ("likelihood=custom", "likelihood._target_=my_lab.heads.MyLaplace")
    line = ("train", "data=array", "data.path=X.npy", "trainer.epochs=2", *head)
    run(environment / "vaex", *line, "run.root=runs", folder=tmp_path)
    directory = run_directory(tmp_path / "runs")
    results = json.loads((directory / "results.json").read_text())
    assert np.isfinite(results["nll"]["value"])
    program = (
        "from vaex.testing import check_likelihood\n"
        "from my_lab.heads import MyLaplace\n"
        "check_likelihood(MyLaplace)\n"
    )
    (tmp_path / "prove.py").write_text(program)
    out = run(environment / "python", "prove.py", folder=tmp_path)
    assert "total mass is one" in out


def test_another_hydra_application_sees_the_groups(environment, tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "own.yaml").write_text(
        "defaults:\n  - likelihood: bernoulli\n"
    )
    (tmp_path / "app.py").write_text(
        "import sys, hydra\n"
        "@hydra.main(version_base='1.3', config_path='conf', config_name='own')\n"
        "def main(config):\n"
        "    print(config.likelihood._target_, 'vaex' in sys.modules)\n"
        "main()\n"
    )
    out = run(environment / "python", "app.py", "hydra.run.dir=.", folder=tmp_path)
    assert out.split() == ["vaex.likelihoods.bernoulli.Bernoulli", "False"]
