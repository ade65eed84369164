"""Imports go down only: the layer table of the library, enforced file by file."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]

ANYTHING = frozenset({"*"})
HYDRA = frozenset({"hydra", "omegaconf"})


class Rule(NamedTuple):
    """What the files of one folder, or one file at the top level, may import.

    Attributes:
      inside: folders and files of vaex, "data" or "data.spec"; its own folder is
        always allowed.
      outside: distributions' import names; the standard library is always allowed.
      never: what `ANYTHING` does not cover.
    """

    inside: frozenset[str]
    outside: frozenset[str]
    never: frozenset[str] = frozenset()


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


BASE = names("_lazy errors support")  # numpy at most
L0 = BASE | names("types numerics threefry")
L1 = L0 | names("distributions bounds preparations data")
L2 = names("nn likelihoods posteriors priors")
ARRAYS = names("numpy jax chex")
DENSITIES = ARRAYS | names("distrax")
NETWORKS = DENSITIES | names("flax")
TRAINING = NETWORKS | names("optax")

RULES = {
    # L0
    "__init__": Rule(names("_lazy"), names("")),
    "_lazy": Rule(names(""), names("")),
    "errors": Rule(names(""), names("")),
    "support": Rule(names("errors"), names("numpy")),
    "types": Rule(L0, DENSITIES),
    "numerics": Rule(L0, DENSITIES),
    "threefry": Rule(names(""), ARRAYS),
    "data": Rule(BASE, names("numpy scipy pooch")),
    # L1
    "distributions": Rule(L0, DENSITIES | names("tensorflow_probability")),
    "bounds": Rule(L0, DENSITIES),
    "preparations": Rule(L0 | names("data.spec"), ARRAYS),
    # L2: siblings do not import each other, all may use nn
    "nn": Rule(L1 - names("data"), NETWORKS),
    "likelihoods": Rule(L1 - names("data") | names("nn"), NETWORKS),
    "posteriors": Rule(L1 - names("data") | names("nn"), NETWORKS),
    "priors": Rule(L1 - names("data") | names("nn"), NETWORKS),
    # L3
    "models": Rule(L1 - names("data") | L2, NETWORKS),
    "objectives": Rule(L1 - names("data"), NETWORKS),
    # L4: no concrete model, head or prior, but for the samplers, which train priors and
    # a second model on z; among themselves one direction, io imported from above only
    "training": Rule(L1, TRAINING),
    "evaluation": Rule(L1 | names("training"), TRAINING),
    "anomaly": Rule(L1 | names("training evaluation"), TRAINING),
    "metrics": Rule(
        L1 | names("training evaluation"), TRAINING | names("scipy sklearn")
    ),
    "io": Rule(L1 | names("training"), TRAINING | names("filelock orbax safetensors")),
    "sweeps": Rule(BASE | names("io"), names("numpy scipy filelock yaml")),
    "samplers": Rule(
        L1 - names("data") | L2 | names("models objectives training evaluation"),
        names("numpy jax sklearn"),
    ),
    # L5
    "tracking": Rule(BASE, names("")),  # trackers are imported by a view that starts
    "loaded_model": Rule(L1 | names("training evaluation io"), names("numpy jax")),
    "predictions": Rule(L0 | names("loaded_model"), names("numpy jax flax")),
    "sklearn": Rule(ANYTHING, ANYTHING, HYDRA | names("cli")),
    "testing": Rule(ANYTHING, ANYTHING, HYDRA | names("cli")),
    "cli": Rule(ANYTHING, ANYTHING),
    # side
    "figures": Rule(BASE, names("numpy matplotlib scipy.special")),
}


class Import(NamedTuple):
    """One imported dotted name, and where the import statement stands."""

    target: str
    line: int
    in_function: bool


def imports(source: str, package: str) -> Iterator[Import]:
    """Every import of a source file, relative ones resolved against its package."""

    def visit(node: ast.AST, in_function: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, in_function)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: package.count(".") + 2 - node.level]
            start = ([] if node.level == 0 else parents) + [node.module or ""]
            origin = ".".join(part for part in start if part)
            for alias in node.names:
                yield Import(f"{origin}.{alias.name}", node.lineno, in_function)
        functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, in_function or isinstance(node, functions))

    yield from visit(ast.parse(source), False)


def matches(target: str, allowed: frozenset[str]) -> bool:
    """Whether a dotted name, or a package that it lies in, is listed."""
    parts = target.split(".")
    prefixes = {".".join(parts[: end + 1]) for end in range(len(parts))}
    return "*" in allowed or bool(prefixes & allowed)


def private_home(target: str) -> str | None:
    """The folder that alone may import `target`, where a part of it is private.

    >>> private_home("likelihoods._projection.project")
    'vaex.likelihoods'
    """
    parts = ["vaex", *target.split(".")]
    for index, part in enumerate(parts):
        if part.startswith("_") and not part.startswith("__"):
            file = ROOT.joinpath(*parts[:index]).with_suffix(".py")
            return ".".join(parts[: index - file.is_file()])
    return None


def inside_offence(target: str, unit: str, package: str, rule: Rule) -> str | None:
    """Why the import of `target`, a dotted name below vaex, is refused."""
    if not target:
        whole = "import the file that is meant, not vaex as a whole"
        return None if "*" in rule.inside else whole
    first = target.split(".")[0]
    if first.startswith("__") or first == "_lazy":
        return None
    if first not in RULES:
        return "name the file, as in vaex.errors.InputError"
    home = private_home(target)
    if home and not f"{package}.".startswith(f"{home}."):
        return f"what starts with an underscore is private to {home}"
    if first == unit:
        return None
    if matches(target, rule.never) or not matches(target, rule.inside):
        return f"{unit} may import of vaex: {', '.join(sorted(rule.inside))}"
    return None


def offences(source: str, unit: str, package: str) -> list[str]:
    """Lines of a file under vaex that break the table, each with its reason."""
    if unit not in RULES:
        return [f"1: {unit} has no layer; give it a line in RULES"]
    rule = RULES[unit]
    found = []
    for target, line, _ in imports(source, package):
        first, _, rest = target.partition(".")
        if first == "vaex":
            reason = inside_offence(rest, unit, package, rule)
        elif first in sys.stdlib_module_names:
            reason = None
        elif matches(target, rule.never) or not matches(target, rule.outside):
            reason = f"{unit} may import of others: {', '.join(sorted(rule.outside))}"
        else:
            reason = None
        if reason:
            found.append(f"{line}: imports {target}: {reason}")
    return found


def plugin_offences(source: str) -> list[str]:
    """Imports of a plugin file, outside functions, that are not stdlib or hydra.

    Hydra imports every plugin at the start of every application.
    """
    allowed = sys.stdlib_module_names | {"hydra"}
    return [
        f"{line}: imports {target}: a plugin file imports stdlib and hydra only"
        for target, line, in_function in imports(source, "hydra_plugins")
        if not in_function and target.partition(".")[0] not in allowed
    ]


def python_files(folder: str) -> list[str]:
    files = sorted((ROOT / folder).rglob("*.py"))
    return [file.relative_to(ROOT).as_posix() for file in files]


@pytest.mark.parametrize("file", python_files("vaex"))
def test_a_file_imports_only_what_its_layer_may(file):
    parts = Path(file).with_suffix("").parts
    found = offences((ROOT / file).read_text(), parts[1], ".".join(parts[:-1]))
    assert not found, "\n".join(f"{file}:{offence}" for offence in found)


@pytest.mark.parametrize("file", python_files("hydra_plugins"))
def test_a_plugin_imports_only_stdlib_and_hydra(file):
    source = (ROOT / file).read_text()
    found = plugin_offences(source)
    assert not found, "\n".join(f"{file}:{offence}" for offence in found)
    # Hydra runs the file before it is in sys.modules: dataclasses would then fail.
    assert "from __future__ import annotations" not in source


def test_the_plugin_namespace_is_no_package():
    assert not (ROOT / "hydra_plugins" / "__init__.py").exists()


@pytest.mark.parametrize(
    ("unit", "source"),
    [
        ("types", "import hydra"),
        ("data", "import jax"),
        ("data", "import vaex.types"),
        ("figures", "import scipy.stats"),
        ("figures", "from scipy import stats"),
        ("bounds", "from flax import linen as nn"),
        ("preparations", "from vaex.data.digits import Digits"),
        ("likelihoods", "from vaex.priors.base import Prior"),
        ("likelihoods", "def f():\n  from vaex.models.vae import VAE"),
        ("likelihoods", "from ..priors import base"),
        ("nn", "from vaex.likelihoods.base import Likelihood"),
        ("objectives", "import vaex"),
        ("objectives", "from vaex import models"),
        ("objectives", "from vaex import InputError"),
        ("training", "from vaex.evaluation.estimates import estimate"),
        ("evaluation", "import vaex.io.checkpoint"),
        ("cli", "from vaex.likelihoods._projection import project"),
        ("cli", "from vaex.training.loop import _private"),
        ("testing", "from omegaconf import OmegaConf"),
        ("a_new_folder", ""),
    ],
)
def test_what_the_table_forbids_is_found(unit, source):
    assert len(offences(source, unit, f"vaex.{unit}")) == 1


@pytest.mark.parametrize(
    ("unit", "source"),
    [
        ("figures", "from scipy.special import expit"),
        ("preparations", "from vaex.data.spec import Spec"),
        ("likelihoods", "from vaex.likelihoods._projection import project"),
        ("likelihoods", "from ._projection import project"),
        ("training", "from vaex.training.loop import _private"),
        ("likelihoods", "from ..nn import mlp"),
        ("models", "import vaex.likelihoods.base"),
        ("io", "from vaex import __version__"),
        ("cli", "import hydra, vaex"),
    ],
)
def test_what_the_table_allows_is_accepted(unit, source):
    assert offences(source, unit, f"vaex.{unit}") == []


def test_plugins_may_import_others_inside_functions_only():
    assert plugin_offences("def launch():\n    import jax") == []
    assert len(plugin_offences("try:\n    import optuna\nexcept ImportError: ...")) == 1


def test_importing_vaex_is_light():
    heavy = (
        "jax jaxlib flax optax distrax tensorflow_probability orbax numpy scipy "
        "sklearn matplotlib hydra omegaconf rich"
    ).split()
    program = (
        "import sys, vaex; dir(vaex); dir(vaex.likelihoods); "
        f"print(*sorted(set({heavy}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
