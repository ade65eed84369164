"""A head's float64 twin: what a file of tests/likelihoods/twins/ is made of."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vaex.likelihoods.base import Likelihood

Function = Callable[..., Any]


class Case(NamedTuple):
    """A head, and the same density written from its definition.

    Attributes:
      head: with the event shape that the twin is for.
      twin: raw [*raw_shape] float64, x [*E] -> [*attribution_shape] nats.
      values: [V, *E] in the support.
      params: the head's own parameters, other than its projection.
      moments: "mean", "mode", "variance" or "entropy" -> function of raw.
      collections: the head's variables other than parameters.
      masks: [M, *E] of a head that marginalises; `twin` then takes a third argument.
    """

    head: Likelihood
    twin: Function
    values: Sequence[Any]
    params: Mapping[str, Any] = {}
    moments: Mapping[str, Function] = {}
    masks: Sequence[Any] = ()
    collections: Mapping[str, Any] = {}


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), float64."""
    return np.logaddexp(0.0, x)
