"""Every option of every group in conf/, and every experiment, trains two steps.

The folder is walked: a new file is tested with no test edited. Data of the kind that
an option wants are found by asking heads for their support, not by its name.
"""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from tests.contracts.compiled import quick_jit
from vaex.cli import _configuration
from vaex.cli._check import check
from vaex.data.catalogue import sources
from vaex.errors import InputError
from vaex.evaluation.estimates import make_estimate
from vaex.io.parts import Parts, assemble
from vaex.training.state import make_init, model_variables
from vaex.training.step import make_step

FOLDER = _configuration.config_folder()
ROWS = 4
NO_PATH = "given by the test"
LINE = ("latent_dim=2", "data=array")
DOWNLOADED = {name for name, source in sources().items() if source.files}


def options(group: str) -> list[str]:
    files = sorted((FOLDER / group).glob("*.yaml"))
    return [file.stem for file in files if file.stem != "custom"]


ELSEWHERE = ("sampler", "tracking")
"""Groups that are no part of what trains; tests/samplers/ and tests/tracking/ have
them."""
FOLDERS = [folder.name for folder in sorted(FOLDER.iterdir()) if folder.is_dir()]
GROUPS = [name for name in FOLDERS if name not in ELSEWHERE]
PARTS = [group for group in GROUPS if group not in ("data", "experiment")]
OPTIONS = [
    pytest.param(group, option, id=f"{group}={option}")
    for group in PARTS
    for option in options(group)
]


def example_data() -> dict[str, np.ndarray]:
    """Kind -> array, images before vectors, integers before real values."""
    random = np.random.RandomState(0)
    image = (8, 6, 5)
    levels = random.randint(0, 17, image).astype(np.uint8)
    levels.flat[:17] = np.arange(17)
    kinds = {
        "levels": levels,
        "bits": random.randint(0, 2, image).astype(np.uint8),
        "counts": random.poisson(3.0, image).astype(np.uint8),
        "fractions": random.uniform(size=image).astype(np.float32),
        "positive": random.lognormal(size=image).astype(np.float32),
        "real": random.normal(size=image).astype(np.float32),
        "classes": np.eye(5, dtype=np.uint8)[random.randint(0, 5, (8, 6))],
    }
    vectors = {f"{kind} in rows": a.reshape(8, -1) for kind, a in kinds.items()}
    return kinds | vectors


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    folder, found = tmp_path_factory.mktemp("data"), {}
    for kind, array in example_data().items():
        found[kind] = folder / f"{kind.replace(' ', '_')}.npy"
        np.save(found[kind], array)
    return found


@functools.cache
def composed(*overrides: str) -> dict[str, Any]:
    """The resolved configuration of a command line; data without a path have one."""
    _configuration.register()
    with initialize_config_dir(str(FOLDER), version_base="1.3"):
        config = compose("config", list(overrides))
    if OmegaConf.is_missing(config.data, "path"):
        config.data.path = NO_PATH
    return _configuration.plain(config)


def smaller(node: Any) -> Any:
    """The same with one narrow layer in place of each list of widths."""
    if isinstance(node, dict):
        return {key: smaller(value) for key, value in node.items()}
    if isinstance(node, list) and node and all(type(v) is int for v in node):
        return [min(min(node), 4)]
    return node


def small(*overrides: str, path: Path) -> dict[str, Any]:
    """A configuration with narrow layers, and with this file where data want one."""
    return shrunk(composed(LINE[0], *overrides), path)


def shrunk(config: dict[str, Any], path: Path) -> dict[str, Any]:
    config = {k: smaller(v) if k in PARTS else v for k, v in config.items()}
    if config["data"].get("path") == NO_PATH:
        config["data"] = config["data"] | {"path": str(path)}
    return config


def assert_trains(config: dict[str, Any]) -> None:
    assert_trains_once(json.dumps(config, sort_keys=True))


@functools.cache
def assert_trains_once(config: str) -> None:
    """Two steps; what is the same as the defaults is run once for all options."""
    parts = assemble(json.loads(config))
    check(parts, ROWS)
    data = {name: a[:ROWS] for name, a in parts.dataset.splits["train"].items()}
    step = quick_jit(make_step(parts.experiment))
    init = quick_jit(make_init(parts.experiment, data))
    state = init(jax.random.key(0), parts.experiment.hparams())
    before = state.params
    for number in (1, 2):
        state, metrics = step(state, data)
        assert int(state.step) == number
        assert np.isfinite(float(metrics["loss"]))
    before, after = jax.tree.leaves(before), jax.tree.leaves(state.params)
    before, after = jax.device_get((before, after))
    assert all(np.isfinite(leaf).all() for leaf in after)
    assert any((old != new).any() for old, new in zip(before, after, strict=True))


def fits(parts: Parts) -> bool:
    """Whether the head's support holds the prepared values."""
    rows = {name: a[:ROWS] for name, a in parts.dataset.splits["train"].items()}
    batch = parts.preparation(jax.random.key(0), rows)
    support, x = parts.likelihood.support, np.asarray(batch["x"])
    return bool(x.ndim > support.event_rank and support.contains(x).all())


def candidates(files, group: str, option: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """Files, and the option by group with one of another where it may need that."""
    groups = {
        "preparation": ["likelihood"],
        "posterior": ["prior", "objective"],
        "prior": ["posterior"],
    }
    partners = [{g: o} for g in groups.get(group, ()) for o in options(g)]
    for path in files.values():
        for partner in [{}, *partners]:
            yield path, {group: option, **partner}


def merged(path: Path, chosen: dict[str, str]) -> dict[str, Any]:
    """What each option changes in the defaults: composing one option takes long."""
    base = composed(*LINE)
    config = dict(base)
    for group, option in chosen.items():
        alone = composed(*LINE, f"{group}={option}")
        config |= {k: v for k, v in alone.items() if v != base[k]}
    return shrunk(config, path)


FITTING: dict[tuple[str, str], dict[str, Any]] = {}


def fitting(files, group: str, option: str) -> dict[str, Any]:
    """The first configuration whose parts accept the data, looked for once."""
    if (group, option) not in FITTING:
        FITTING[group, option] = first_fitting(files, group, option)
    return FITTING[group, option]


def first_fitting(files, group: str, option: str) -> dict[str, Any]:
    refusals = []
    for path, chosen in candidates(files, group, option):
        try:
            if fits(assemble(merged(path, chosen))):
                words = [f"{g}={o}" for g, o in chosen.items()]
                config = small("data=array", *words, path=path)
                check(assemble(config), ROWS)
                return config
            refusals.append("values outside the support")
        except InputError as error:
            refusals.append(str(error))
    raise AssertionError(f"{group}={option} refuses all data: {set(refusals)}")


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_an_option_composes_and_builds(files, group, option):
    """With data that it fits, shapes and support checked; nothing is compiled."""
    fitting(files, group, option)


@pytest.mark.slow
@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_an_option_trains(files, group, option):
    assert_trains(fitting(files, group, option))


@pytest.mark.slow
@pytest.mark.parametrize("head", options("likelihood"))
def test_a_head_is_evaluated(files, head):
    """The importance-weighted NLL of one with a density, the loss of another."""
    parts = assemble(fitting(files, "likelihood", head))
    rows = {name: a[:2] for name, a in parts.dataset.splits["test"].items()}
    model = parts.experiment.model
    init = quick_jit(make_init(parts.experiment, rows))
    variables = model_variables(init(jax.random.key(0), parts.experiment.hparams()))
    compiled = quick_jit(make_estimate(model, parts.preparation, 2))
    key, index = jax.random.key(1), np.arange(len(rows["x"]), dtype=np.int32)
    found = compiled(variables, key, rows, index, np.int32(3))
    expected = "log_px" if parts.likelihood.is_normalized else "reconstruction_loss"
    assert np.isfinite(found[expected]).all()
    assert ("log_px" in found) == parts.likelihood.is_normalized


DATA = [
    pytest.param(name, marks=pytest.mark.slow if name in DOWNLOADED else ())
    for name in options("data")
]


@pytest.mark.parametrize("option", DATA)
def test_a_data_set_comes_with_a_head_that_holds_it(files, option, request):
    if option in DOWNLOADED:
        request.getfixturevalue("data_folder")
    assert_trains(small(f"data={option}", path=files["real"]))


@pytest.mark.parametrize("experiment", options("experiment"))
def test_an_experiment_composes(experiment):
    """Its comment opens with the command; what it changes are keys that there are."""
    text = (FOLDER / "experiment" / f"{experiment}.yaml").read_text()
    assert text.startswith("# @package _global_\n# vaex ")
    assert f"experiment={experiment}" in text
    assert "Source:" in text
    assert composed(f"experiment={experiment}") != composed()


@pytest.mark.slow
@pytest.mark.parametrize("experiment", options("experiment"))
def test_an_experiment_trains(experiment, data_folder):
    assert_trains(composed(f"experiment={experiment}"))


@pytest.mark.parametrize("group", [group for group in GROUPS if group != "experiment"])
def test_a_group_has_a_slot_for_parts_of_ones_own(group):
    text = (FOLDER / group / "custom.yaml").read_text()
    assert f"{group}=custom {group}._target_=" in text
    with initialize_config_dir(str(FOLDER), version_base="1.3"):
        config = compose("config", [f"{group}=custom"])
    assert OmegaConf.is_missing(config[group], "_target_")


def test_the_defaults_are_options_of_their_groups():
    config = composed()
    assert set(PARTS) <= set(config)
    for group in PARTS:
        assert config[group]["_target_"].startswith("vaex.")
