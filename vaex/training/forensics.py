"""Which quantity of a training step is the first that is not finite."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.extend.core import jaxpr_as_fun

from vaex.training._capture import COLLECTION, Capture, Label
from vaex.training._float64 import in_float64
from vaex.training._quantities import Quantity, first_bad, measured
from vaex.training._suggestions import Row, rows_of, suggestions
from vaex.training.experiment import Experiment
from vaex.training.state import TrainState
from vaex.training.step import Stored, make_gradient, prepared, updated


@dataclass(frozen=True)
class Report:
    """An examined step.

    Attributes:
      step: the step.
      precision: "float32" or "float64".
      quantities: all that was looked at, in the order of computation: what the step
        starts from, the batch, every layer's output, the head's raw parameters and
        fields, log-densities, the loss, gradients from the last layer back to the
        first, the optimizer's state and the parameters after the step.
      rows: examples to look at: those that the first bad quantity points to, and
        those whose x is far from the others'.
      suggestions: what to try.
      kept: operations that float64 did not reach.
    """

    step: int
    precision: str
    quantities: tuple[Quantity, ...]
    rows: tuple[Row, ...]
    suggestions: tuple[str, ...]
    kept: tuple[str, ...] = ()

    @property
    def first(self) -> Quantity | None:
        """The first quantity that is not finite, None where nothing is wrong."""
        return first_bad(self.quantities)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        first = self.first
        return {**asdict(self), "first": None if first is None else first.name}

    def lines(self) -> list[str]:
        """The report for people."""
        first = self.first
        if first is None:
            return [f"step {self.step} in {self.precision}: everything is finite"]
        found = [
            f"step {self.step} in {self.precision}: the first quantity that is not "
            f"finite is {first.name}",
            f"  {first.describe()}",
        ]
        before = self.quantities[: self.quantities.index(first)][-3:]
        found += [f"  before it: {q.name}, {q.describe()}" for q in before]
        found += [f"  {row.describe()}" for row in self.rows]
        return found + [f"  try: {text}" for text in self.suggestions]


def examine(
    experiment: Experiment,
    state: TrainState,
    stored_rows: Stored,
    *,
    float64: bool = False,
    indices: Sequence[int] | None = None,
) -> Report:
    """Goes through one step and says where it stops being finite.

    The step has the randomness that it has in training. In float64 it is the same
    computation with the same random draws, less rounding and with a larger range: what
    is finite there was lost to float32, what is not diverges by its mathematics.

    Args:
      experiment: what is trained.
      state: what the step starts from.
      stored_rows: its rows as stored, name -> [B, ...].
      float64: hold every float32 number as a float64.
      indices: [B] where in the data the rows are, for messages.

    Returns:
      The report.

    Numerics: the step is compiled as another program than training's, with all
      intermediate results kept, so that what lies at the edge of overflow may be found
      on its other side.
    """
    stored = {name: jnp.asarray(array) for name, array in stored_rows.items()}
    traced, structure, labels = _traced(experiment, state, stored)
    leaves, kept = jax.tree.leaves((state, stored)), ()
    if float64:
        outputs, kept = in_float64(traced, leaves)
    else:
        outputs = jax.jit(jaxpr_as_fun(traced))(*leaves)
    found = jax.tree.unflatten(structure, outputs)
    quantities = tuple(_quantities(state, stored, found, labels))
    bad = first_bad(quantities)
    x = np.where(stored.get("mask", True), stored["x"], 0)
    rows = rows_of(quantities, bad, x, found["prepared"]["x"], indices)
    return Report(
        step=int(state.step),
        precision="float64" if float64 else "float32",
        quantities=quantities,
        rows=rows,
        suggestions=suggestions(quantities, bad, rows),
        kept=kept,
    )


def _traced(
    experiment: Experiment, state: TrainState, stored: Stored
) -> tuple[Any, Any, list[Label]]:
    """The step and all that it computes as a traced function, the tree of its outputs.

    Returns:
      The function of the leaves of state and stored rows, the structure of what it
      returns, and the labels of its records.
    """
    capture = Capture()
    gradient = make_gradient(experiment, (COLLECTION,))

    def step(state: TrainState, stored: Stored) -> dict[str, Any]:
        key, batch = prepared(experiment, state, stored)
        capture.labels.clear()
        with nn.intercept_methods(capture):
            (loss, (metrics, variables)), grads = gradient(state, key, batch)
        variables = dict(variables)
        records = capture.collected(variables.pop(COLLECTION, {}))
        params, opt_state = updated(experiment, state, grads, loss)
        return {
            "prepared": dict(batch),
            "records": records,
            "loss": {"loss": loss, **metrics},
            "gradient": grads,
            "optimizer": opt_state,
            "after": params,
            "variable": variables,
        }

    traced, shapes = jax.make_jaxpr(step, return_shape=True)(state, stored)
    return traced, jax.tree.structure(shapes), capture.labels


def verdict(single: Report, double: Report) -> str:
    """What the same step in both precisions says.

    >>> good = Report(3, "float64", (), (), ())
    >>> verdict(good, good)
    'finite here; what training met, if anything, does not come back in this program'
    """
    if single.first is None:
        return (
            "finite here; what training met, if anything, does not come back in this "
            "program"
        )
    if double.first is None:
        return "finite in float64: rounding or overflow in float32"
    if double.kept:
        names = ", ".join(double.kept)
        return f"not finite in float64 either (of which {names} stayed in float32)"
    return "not finite in float64 either: the mathematics or the data diverge"


def _quantities(
    state: TrainState, stored: Stored, found: Mapping[str, Any], labels: list[Label]
) -> Iterator[Quantity]:
    """All that there is to look at, in the order of computation."""
    size = len(stored["x"])
    for name, value in state.hparams.items():
        yield measured(f"hyperparameter {name}", "hyperparameter", value)
    for path, leaf in _leaves(state.params):
        yield measured(f"parameter {path} before the step", "parameter", leaf)
    for kind, tree in (("stored", stored), ("prepared", found["prepared"])):
        for path, leaf in _leaves(tree):
            hidden = path == "x" and "mask" in tree
            allowed = ~np.asarray(tree["mask"], bool) if hidden else False
            yield measured(f"{kind} {path}", kind, leaf, size, allowed=allowed)
    for number, array in sorted(found["records"].items()):
        label = labels[number]
        floor = label.floor
        yield measured(label.name, label.kind, array, size, floor=floor)
    for path, leaf in _leaves(found["loss"]):
        name = path if path == "loss" else f"metric {path}"
        yield measured(name, "loss", leaf)
    yield from _gradients(found["gradient"], labels)
    for kind, name, before in (
        ("optimizer", "optimizer state {} after the step", state.opt_state),
        ("after", "parameter {} after the step", None),
        ("variable", "variable {} after the step", state.variables),
    ):
        old = dict(_leaves(before))
        for path, leaf in _leaves(found[kind]):
            # What was infinite before may be: see `vaex.training.step.sound`.
            allowed = ~np.isfinite(old[path]) if path in old else False
            yield measured(name.format(path), kind, leaf, allowed=allowed)


def _gradients(tree: Any, labels: list[Label]) -> Iterator[Quantity]:
    """From the layers that are computed last back to the first."""
    order = {"/".join(label.path): i for i, label in enumerate(labels)}

    def position(item: tuple[str, Any]) -> int:
        return -order.get(item[0].rpartition("/")[0], len(labels))

    for path, leaf in sorted(_leaves(tree), key=position):
        yield measured(f"gradient of {path}", "gradient", leaf)


def _leaves(tree: Any) -> Iterator[tuple[str, Array]]:
    """Floating leaves by their path, without the "model" that all share."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if jnp.issubdtype(leaf.dtype, jnp.floating):
            name = jax.tree_util.keystr(path, simple=True, separator="/")
            parts = [part for part in name.split("/") if part != "model"]
            yield "/".join(parts), leaf
