"""A row of options, tried: what trains two steps, or is refused by its parts' names."""

import dataclasses
import functools
import inspect
import json
import re
from typing import Any

import jax
import numpy as np

from tests.contracts.compiled import quick_jit
from tests.contracts.covering import Row
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
