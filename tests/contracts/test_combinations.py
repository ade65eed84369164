"""Objective, estimator, prior, posterior, model and head: every two of them together.

Options are those of conf/ and of `vaex.bounds.estimators`. A combination either trains
two steps or is refused before anything compiles, with a message that names its parts;
nothing here knows which. What models refuse as they are built is found first and left
out of the covering array, so that it hides no other pair; what an objective refuses is
tried again with one part exchanged for a default, for the same reason.
"""

import dataclasses
import functools
import inspect
import itertools
import json
import re
from typing import Any

import jax
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.contracts.covering import Row, all_pairs, covering_rows, pairs_of
from tests.contracts.test_configs import PARTS, composed, options, smaller
from vaex.bounds import estimators
from vaex.cli._check import check
from vaex.errors import InputError
from vaex.io.parts import Parts, assemble
from vaex.training.hparams import unwrap
from vaex.training.state import make_init
from vaex.training.step import make_step

B, LATENT = 4, 2
ESTIMATORS = [
    name
    for name, function in vars(estimators).items()
    if inspect.isfunction(function)
    and function.__module__ == estimators.__name__
    and not name.startswith("_")
]
HEADS = ["bernoulli", "binary_cross_entropy"]
"""One with a density, and a loss-only one."""
DEFAULTS = {"head": HEADS[0], "model": "vae", "prior": "standard_gaussian"}
BUILT = ("posterior", "prior", "model")


def first(group: str) -> list[str]:
    """Options of a group, the default one in front."""
    return sorted(options(group), key=lambda option: option != DEFAULTS.get(group))


@pytest.fixture(scope="module")
def bits(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("data") / "bits.npy"
    np.save(path, np.random.RandomState(0).randint(0, 2, (2 * B, 3)).astype(np.uint8))
    return str(path)


def tiny(node: Any) -> Any:
    """One narrow layer for lists of widths, and at most two of what is counted."""
    if isinstance(node, dict):
        return {
            key: min(value, 2)
            if key.startswith("num_") and isinstance(value, int)
            else tiny(value)
            for key, value in node.items()
        }
    return smaller(node)


def objective_node(option: str) -> dict[str, Any]:
    return tiny(composed(f"objective={option}")["objective"])


@functools.cache
def _line(posterior: str, prior: str) -> str:
    words = [f"latent_dim={LATENT}", "data=array", "optimizer=sgd"]
    config = composed(*words, f"posterior={posterior}", f"prior={prior}")
    return json.dumps({k: tiny(v) if k in PARTS else v for k, v in config.items()})


def configuration(row: Row, path: str) -> dict[str, Any]:
    """Of the command line with the row's options; slots are nodes of their own."""
    config = json.loads(_line(row["posterior"], row["prior"]))
    lower = f"model.lower_posterior.latent_dim={LATENT}"
    words = [lower] if row["model"] == "two_layer_vae" else []
    config["model"] = tiny(composed(f"model={row['model']}", *words)["model"])
    likelihood = composed(f"likelihood={row['head']}", "data=array")["likelihood"]
    config["likelihood"], config["data"]["path"] = likelihood, path
    config["objective"] = objective_node(row["objective"])
    if row["estimator"] is not None:
        config["objective"]["estimator"] = f"{estimators.__name__}.{row['estimator']}"
    return config


@pytest.fixture(scope="module")
def refused(bits) -> dict[tuple[str, ...], str]:
    """Posterior, prior and model that are not built, with the message."""
    rest = {"objective": "elbo", "estimator": None, "head": HEADS[0]}
    messages = {}
    for parts in itertools.product(*map(first, BUILT)):
        try:
            assemble(configuration(rest | dict(zip(BUILT, parts, strict=True)), bits))
        except InputError as error:
            messages[parts] = str(error)
    return messages


@pytest.fixture(scope="module")
def factors() -> dict[str, list[Any]]:
    """Name -> options, in the order in which rows are filled."""
    return {
        "objective": options("objective"),
        "posterior": first("posterior"),
        "estimator": [None, *ESTIMATORS],
        "prior": first("prior"),
        "model": first("model"),
        "head": HEADS,
    }


@pytest.fixture(scope="module")
def allowed(refused):
    """Whether some model is built of a row's parts, its estimator one to be chosen."""
    built = set(itertools.product(*map(first, BUILT))) - set(refused)
    chooses = {o: "estimator" in objective_node(o) for o in options("objective")}

    @functools.cache
    def is_built(*parts: str | None) -> bool:
        return any(
            all(a in (None, b) for a, b in zip(parts, triple, strict=True))
            for triple in built
        )

    def judge(row: Row) -> bool:
        if {"objective", "estimator"} <= set(row):
            chosen = row["estimator"] is not None
            if chosen != chooses[row["objective"]]:
                return False
        return is_built(*(row.get(slot) for slot in BUILT))

    return judge


@pytest.fixture(scope="module")
def rows(factors, allowed) -> list[Row]:
    return covering_rows(factors, allowed)


def audited(objective: Any) -> Any:
    """The objective, with the ELBO of the terms that it asked for among its metrics."""
    function, bound = unwrap(objective)

    @functools.wraps(function)
    def wrapped(model: Any, batch: Any, **arguments: Any) -> Any:
        found = []

        class Recorded:
            def __getattr__(self, name: str) -> Any:
                return getattr(model, name)

            def terms(self, *asked: Any, **more: Any) -> Any:
                found.append(model.terms(*asked, **more))
                return found[-1]

        loss, metrics = function(Recorded(), batch, **arguments)
        (terms,) = found
        if terms.log_px_z is None or terms.kl is None:
            assert "elbo" not in metrics
            return loss, metrics
        elbo = terms.log_px_z.mean() - terms.kl.sum(-1).mean()
        return loss, {**metrics, "audited": elbo}

    return functools.partial(wrapped, **bound)


def filled(shapes: Any) -> Any:
    """A state of these shapes, small numbers: an init would take as long to compile.

    The key is of the generator that compiles soonest.
    """
    generator = np.random.default_rng(0)

    def leaf(like: Any) -> Any:
        if jax.dtypes.issubdtype(like.dtype, jax.dtypes.prng_key):
            return jax.random.key(0, impl="unsafe_rbg")
        if like.dtype == np.int32:
            return np.zeros(like.shape, np.int32)
        return (0.3 * generator.normal(size=like.shape)).astype(like.dtype)

    return jax.tree.map(leaf, shapes)


def assert_trains(parts: Parts, row: Row) -> None:
    """Two steps, compiled once."""
    data = {name: a[:B] for name, a in parts.dataset.splits["train"].items()}
    experiment = dataclasses.replace(
        parts.experiment, objective=audited(parts.experiment.objective)
    )
    init = make_init(experiment, data)
    hparams = experiment.hparams()
    shapes = jax.eval_shape(init, jax.random.key(0), hparams)
    state = jax.device_put(filled(shapes)._replace(hparams=hparams))
    step = quick_jit(make_step(experiment))
    for number in (1, 2):
        state, metrics = step(state, data)
        metrics = jax.device_get(metrics)
        assert int(state.step) == number
        for name, value in metrics.items():
            assert np.isfinite(value), (name, row)
        # Sums of float32 numbers in another order.
        assert ("elbo" in metrics) == ("audited" in metrics), row
        if "elbo" in metrics:
            np.testing.assert_allclose(metrics["elbo"], metrics["audited"], 1e-5, 1e-5)
    for leaf in jax.tree.leaves(jax.device_get(state.params)):
        assert np.isfinite(leaf).all(), row
    assert step._cache_size() == 1


def plain(text: str) -> str:
    return text.replace("_", "").lower()


def assert_names_its_parts(message: str, config: dict[str, Any], row: Row) -> None:
    """Two parts, by their options or classes, and a fix; one line."""
    words = {plain(word) for word in re.split(r"[^A-Za-z0-9_]+", message)}
    named = []
    for slot, option in row.items():
        node = config.get("likelihood" if slot == "head" else slot, {})
        names = {plain(str(option)), plain(node.get("_target_", "").split(".")[-1])}
        named += [slot] * bool(names & words)
    assert len(named) >= 2, (message, row)
    assert any(fix in message for fix in ("use ", "choose ", "raise ")), message
    assert "\n" not in message


def attempt(row: Row, path: str) -> bool:
    """Whether the row trained; it was refused as it must be where it did not."""
    config = configuration(row, path)
    try:
        parts = assemble(config)
        check(parts, B)
    except InputError as error:
        assert_names_its_parts(str(error), config, row)
        return False
    assert_trains(parts, row)
    return True


def test_covering_rows_hold_every_allowed_pair():
    factors = {"a": range(5), "b": "xyz", "c": [None, 1], "d": [True, False]}

    def allowed(row: Row) -> bool:
        return not (row.get("a") == 2 and row.get("b") in ("x", "y"))

    found = covering_rows(factors, allowed)
    every = [pair for row in found for pair in pairs_of(row)]
    assert set(every) == all_pairs(factors, allowed)
    assert len(set(every)) == 5 * 3 + 5 * 2 * 2 + 3 * 2 * 2 + 2 * 2 - 2
    assert len(found) < 20
    assert found == covering_rows(factors, allowed)


@pytest.mark.slow
def test_the_rows_hold_every_pair(rows, factors, allowed):
    wanted = all_pairs(factors, allowed)
    assert set().union(*map(pairs_of, rows)) == wanted
    assert all(allowed(row) for row in rows)
    assert len(rows) < 1.2 * len(factors["objective"]) * len(factors["posterior"])


@pytest.mark.slow
def test_what_is_not_built_says_which_parts_do_not_go_together(refused):
    for parts, message in refused.items():
        row = dict(zip(BUILT, parts, strict=True))
        config = {slot: composed(f"{slot}={row[slot]}")[slot] for slot in BUILT}
        assert_names_its_parts(message, config, row)


@pytest.mark.slow
def test_every_part_is_built_with_some_other(refused):
    built = set(itertools.product(*map(first, BUILT))) - set(refused)
    for slot, found in zip(BUILT, zip(*built, strict=True), strict=True):
        assert set(found) == set(first(slot))


BASE = {
    "objective": "iwae",
    "posterior": "diagonal_gaussian",
    "estimator": "reparameterised",
    "prior": "standard_gaussian",
    "model": "vae",
    "head": HEADS[0],
}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_has_a_partner(bits, estimator):
    check(assemble(configuration(BASE | {"estimator": estimator}, bits)), B)


@pytest.mark.parametrize(
    "change",
    [
        {"head": HEADS[1]},
        {"posterior": "deterministic"},
        {"posterior": "planar_flow", "estimator": "doubly_reparameterised"},
        {"posterior": "categorical", "prior": "categorical"},
    ],
    ids=lambda change: ",".join(change.values()),
)
def test_known_impossible_combinations_are_refused(bits, change):
    row = BASE | change
    config = configuration(row, bits)
    with pytest.raises(InputError) as caught:
        check(assemble(config), B)
    assert_names_its_parts(str(caught.value), config, row)


def exchanged(row: Row, allowed: Any) -> list[Row]:
    """The row with one part other than objective and posterior set to a default."""
    own = objective_node(row["objective"]).get("estimator", "").rpartition(".")[2]
    defaults = DEFAULTS | {"estimator": own or None}
    changed = [row | {slot: option} for slot, option in defaults.items()]
    return [other for other in changed if other != row and allowed(other)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective",
    [
        pytest.param(option, marks=pytest.mark.xdist_group(f"combinations {option}"))
        for option in options("objective")
    ],
)
def test_a_combination_trains_or_is_refused(rows, allowed, bits, objective):
    outcomes: dict[str, bool] = {}

    def trained(row: Row) -> bool:
        name = " ".join(str(option) for option in row.values())
        if name not in outcomes:
            outcomes[name] = attempt(row, bits)
        return outcomes[name]

    for row in rows:
        if row["objective"] == objective and not trained(row):
            any(trained(other) for other in exchanged(row, allowed))
    assert any(outcomes.values())
