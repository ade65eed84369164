"""What the contract is told about a distribution: a case in a file of its own."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from vaex import support
from vaex.support import Support

PI = float(np.float32(np.pi))
circle = Support("[-pi, pi)", lambda x: (x >= -PI) & (x < PI))


class Case(NamedTuple):
    """Parameters to build a distribution with, and its float64 twin.

    Attributes:
      parameters: name -> one number per element of the batch.
      extremes: the same, far out, or at the floor that a head gives a scale.
      build: from the parameters as keywords; None: the class itself.
      static: arguments that are no arrays.
      values: the outcomes of a discrete support, as many as hold all of the mass of
        `parameters` to 1e-9; None: the distribution is continuous.
      support: of a continuous distribution.
      edges: values at which log_prob and gradients at the extremes are never NaN;
        infinite where a density is.
      inside: a value of any parameters' support, where they are finite.
      log_prob: of a value and the parameters, float64; None: there is no density.
      cdf: the same, of a continuous distribution.
      ppf: the same, where the class has a `quantile`.
      mean: of the parameters, and
      variance: the same, where they are not those of a number on a line.
      exact: as log_prob, of mpmath numbers: 50 digits.
      large: parameters and `value`, at which log_prob is `exact` to
      tolerance: times 1 + |log p|; the docstring's promise.
      is_rectangular: whether all arrays of the distribution have its batch shape.
    """

    parameters: dict[str, list[float]]
    extremes: dict[str, list[float]]
    build: Callable[..., Any] | None = None
    static: dict[str, int] = {}
    values: list[float] | None = None
    support: Support = support.real
    edges: list[float] = []
    inside: float = 1.0
    log_prob: Callable[..., Any] | None = None
    cdf: Callable[..., Any] | None = None
    ppf: Callable[..., Any] | None = None
    mean: Callable[..., Any] | None = None
    variance: Callable[..., Any] | None = None
    exact: Callable[..., Any] | None = None
    large: dict[str, list[float]] = {}
    tolerance: float = 1e-6
    is_rectangular: bool = True
