"""A head with parameters, features and draws: what every property is shown.

S posterior samples, B batch, E event, F features.
"""

import contextlib
import functools
import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from vaex.likelihoods.base import Likelihood
from vaex.testing._compiled import quick_jit
from vaex.testing._integration import edges, vectors

S, B, FEATURES = 2, 3, 5

STATED = ("mean", "mode", "variance", "entropy", "probabilities")

Reference = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Draws(NamedTuple):
    """Draws and what the head states about their distribution.

    Attributes:
      x: [N, B, *E], N smaller for larger events.
      stated: of `STATED`, what the head gives for [B, ...] features.
      refused: of the others, the error that the head raised.
    """

    x: np.ndarray
    stated: dict[str, np.ndarray]
    refused: dict[str, Exception]


class Subject:
    """One head at one event shape; nothing is computed before it is asked for.

    Attributes:
      head: with its event shape.
      axes: number of event axes that the features carry.
      reference: float64 twin, (raw [N, *raw_shape], x [N, *E]) -> nats [N] or
        [N, *attribution_shape]; or None.
      resized: event shape -> the same head for it.
      features: [S, B, *E[:axes], F].
      start, variables: as initialised, and moved away from there.
    """

    def __init__(
        self,
        head: Likelihood,
        axes: int | None = None,
        reference: Reference | None = None,
        resized: Callable[[tuple[int, ...]], Likelihood] | None = None,
    ):
        self.head, self.reference = head, reference
        self.resized = resized or functools.partial(_resized, head)
        self.axes = carried_axes(head) if axes is None else axes
        self.generator = np.random.default_rng(0)
        shape = (S, B, *head.event_shape[: self.axes], FEATURES)
        self.features = self.generator.normal(size=shape).astype(np.float32)
        self.start = self._initialised()
        self.variables = {**self.start, **self.moved(self.start, 0.4)}

    @property
    def name(self) -> str:
        """Of the class."""
        return type(self.head).__name__

    @property
    def is_separate(self) -> bool:
        """Whether every number of an event is scored for itself."""
        head = self.head
        rank = head.support.event_rank
        return not rank and head.attribution_shape == head.event_shape

    @property
    def joint_shape(self) -> tuple[int, ...] | None:
        """Shape of what is scored jointly; None where the event is no array of such."""
        event, attribution = self.head.event_shape, self.head.attribution_shape
        whole = event[: len(attribution)] == attribution
        whole &= self.head.support.event_rank <= len(event) - len(attribution)
        return event[len(attribution) :] if whole else None

    def apply(self, method: Any, *arguments: Any, variables: Any = None) -> Any:
        """A verb of the head (or a function of the module) on features."""
        return self.head.apply(
            self.variables if variables is None else variables,
            *arguments,
            axes=self.axes,
            method=method,
            rngs={"sample": jax.random.key(0)},
        )

    def score(
        self, raw: Any, x: Any, variables: Any = None, *, train: bool = False
    ) -> Any:
        """[..., B, *attribution_shape] nats from raw numbers, as for a wrapper."""

        def direct(module: Likelihood, raw: Any, x: Any) -> Any:
            return module.score(module.elements(None, raw=raw), x, None, train=train)

        return self.head.apply(
            self.variables if variables is None else variables,
            raw,
            x,
            method=direct,
            rngs={"sample": jax.random.key(0)},
        )

    @cached_property
    def raw(self) -> np.ndarray:
        """[S, B, *raw_shape] that the projection makes of the features."""
        own = self.variables["params"]["projection"]
        flat = self.features @ np.asarray(own["kernel"]) + np.asarray(own["bias"])
        event, own = self.head.event_shape, self.head.raw_shape
        if type(self.head).from_raw is not Likelihood.from_raw:
            return flat.reshape(S, B, *own)
        # One block of numbers for each parameter.
        blocks = flat.reshape(S, B, *event[: self.axes], -1, *event[self.axes :])
        return np.moveaxis(blocks, 2 + self.axes, -1)

    @cached_property
    def draws(self) -> Draws:
        """Of each example, in the one program that makes random numbers.

        72 000 numbers in all, if that is between 1000 and 4000 for each.
        """
        refused: dict[str, Exception] = {}
        count = min(max(72_000 // (B * math.prod(self.head.event_shape)), 1000), 4000)

        @quick_jit
        def everything(variables: Any, features: Any, key: Any) -> Any:
            def call(method: str) -> Any:
                return self.apply(method, features, variables=variables)

            stated = {}
            for name in STATED:
                try:
                    stated[name] = call(name)
                except Exception as error:  # judged by the property that asks for it
                    refused[name] = error
            p = call("__call__")
            x = p.sample(seed=key, sample_shape=count)
            return x.astype(jnp.float32), stated

        found = everything(self.variables, self.features[0], jax.random.key(1))
        x, stated = jax.device_get(found)
        return Draws(x, stated, refused)

    @cached_property
    def x(self) -> np.ndarray:
        """[B, *E] in the support: draws; of a loss-only head, values anywhere."""
        if self.head.is_normalized:
            return self.draws.x[0]
        return self.values(B)

    def values(self, count: int) -> np.ndarray:
        """[count, *E] members of the support, near its ends among others."""
        head, random = self.head, np.random.default_rng(1)
        support, shape = head.support, (count, *head.event_shape)
        if support.event_rank:
            if not support.is_discrete:
                return np.resize(self.draws.x, shape)
            rows = vectors(support, shape[-1])
            return rows[random.integers(len(rows), size=shape[:-1])]
        ends = edges(support)
        if support.is_discrete:
            return random.choice(ends, shape)
        low, high = max(ends.min(), -2.0), min(ends.max(), 2.0)
        return random.uniform(low, high, shape).astype(np.float32)

    def moved(self, variables: Any, by: float) -> dict[str, Any]:
        """The params with normal noise added: no two of them equal, none at its start.

        The projection's are noise alone: raw numbers are then of order 1.
        """

        def noisy(path: Any, leaf: Any) -> Any:
            if not np.issubdtype(leaf.dtype, np.floating):
                return leaf
            noise = by * self.generator.normal(size=leaf.shape)
            own = 0 if getattr(path[0], "key", "") == "projection" else leaf
            return np.asarray(own + noise, leaf.dtype)

        return {"params": jax.tree_util.tree_map_with_path(noisy, variables["params"])}

    def _initialised(self) -> dict[str, Any]:
        """`init`; numpy fills in the projection, which has nothing to compile."""

        def init(key: Any) -> Any:
            return self.head.init(key, self.features, axes=self.axes)

        shapes = jax.eval_shape(init, jax.random.key(0))
        if set(shapes) == {"params"} and set(shapes["params"]) == {"projection"}:
            return jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)
        return jax.device_get(quick_jit(init)(jax.random.key(0)))


def carried_axes(head: Likelihood) -> int:
    """Event axes that a convolutional decoder's features could carry, at most 2."""
    event, raw, axes = head.event_shape, head.raw_shape, 0
    while axes < min(len(event) - 1, 2) and raw[: axes + 1] == event[: axes + 1]:
        axes += 1
    return axes


# An image of channels, and where heads do not take images a row of numbers.
SHAPES = ((2, 2, 3), (4,))


def subjects(
    head: Likelihood | type[Likelihood],
    event_shapes: Any = None,
    reference: Reference | None = None,
) -> list[Subject]:
    """A head, or a class by its `example`, at each of the event shapes."""
    if isinstance(head, type):
        resized, shapes = head.example, event_shapes or [_first_accepted(head)]
    else:
        resized = functools.partial(_resized, head)
        shapes = event_shapes or [head.event_shape]
    return [
        Subject(resized(tuple(shape)), reference=reference, resized=resized)
        for shape in shapes
    ]


def _resized(head: Likelihood, shape: tuple[int, ...]) -> Likelihood:
    return head if shape == head.event_shape else head.clone(event_shape=shape)


def _first_accepted(kind: type[Likelihood]) -> tuple[int, ...]:
    for shape in SHAPES[:-1]:
        with contextlib.suppress(ValueError):
            kind.example(shape)
            return shape
    return SHAPES[-1]
