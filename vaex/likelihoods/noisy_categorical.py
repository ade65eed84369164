"""Categorical likelihood on labels that were seen through a noisy channel."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, support
from vaex.likelihoods.categorical import _Labels


class NoisyCategorical(Likelihood):
    """p(x|z) = prod_d sum_t softmax(l_d)[t] T[t, x_d]: x_d is a corrupted label t.

    On class indices. T[t, x] is the probability that label t is recorded as x,
    the same for all elements: given, or learned as the softmax of each row of
    a [K, K] parameter that starts at `diagonal`. `probabilities` are those of the
    recorded labels; `clean_probabilities` those of the labels behind them.

    Attributes:
      num_classes: K; taken from the data where it is not given.
      transition: T as K rows of K numbers that sum to 1; None: learned.
      diagonal: where T is learned, the share of labels that it keeps at the start.

    Numerics: the sum is a log-sum-exp. A learned T is only identified as far as the
      network is sure of itself: any permutation of the clean labels fits as well,
      which the start near the identity is to break; the source also pulls T towards
      noise by a penalty on its trace, which is left to the objective.

    Source: Sukhbaatar, Bruna, Paluri, Bourdev, Fergus, "Training Convolutional
      Networks with Noisy Labels", ICLR 2015 workshop,
      https://arxiv.org/abs/1406.2080.

    >>> head = NoisyCategorical((3,), transition=((0.9, 0.1), (0.3, 0.7)))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> found = head.apply(variables, jnp.zeros((2, 4)), method="probabilities")
    >>> [round(float(p), 3) for p in found[0, 0]]
    [0.6, 0.4]
    """

    num_classes: int = 2
    transition: tuple[tuple[float, ...], ...] | None = None
    diagonal: float = 0.9

    def __post_init__(self) -> None:
        if self.transition is not None:
            rows = tuple(tuple(row) for row in self.transition)
            self.transition = rows
        super().__post_init__()
        if self.num_classes < 2:
            raise InputError(f"num_classes must be at least 2, got {self.num_classes}")
        if not 0 < self.diagonal < 1:
            raise InputError(f"diagonal must lie between 0 and 1, got {self.diagonal}")
        if self.transition is not None:
            _check_transition(self.transition, self.num_classes)

    @property
    def num_params(self) -> int:
        """One logit per class."""
        return self.num_classes

    @property
    def support(self) -> support.Support:
        """The class indices."""
        return support.integers(self.num_classes)

    def _initial(self, key: Array) -> Array:
        del key
        rest = (1.0 - self.diagonal) / (self.num_classes - 1)
        distance = math.log(self.diagonal) - math.log(rest)
        return distance * jnp.eye(self.num_classes)

    def from_raw(self, raw: Array) -> "_NoisyLabels":
        """Categorical over the recorded labels."""
        if self.transition is None:
            raw_transition = self.param("raw_transition", self._initial)
            log_transition = jax.nn.log_softmax(raw_transition, axis=-1)
        else:
            with np.errstate(divide="ignore"):
                log_transition = jnp.asarray(np.log(self.transition), jnp.float32)
        return _NoisyLabels(raw, log_transition)

    @nn.nowrap
    def clean_probabilities(self, features: Array, *, axes: int = 0) -> Array:
        """Probabilities of the labels before they were corrupted, [..., *E, K]."""
        return self.elements(features, axes=axes).clean_probs


def _check_transition(rows: tuple[tuple[float, ...], ...], size: int) -> None:
    if {len(rows), *map(len, rows)} != {size}:
        raise InputError(
            f"transition must have {size} rows of {size} numbers, as there are "
            f"classes, got {rows}"
        )
    matrix = np.array(rows, np.float64)
    if not ((matrix >= 0).all() and np.allclose(matrix.sum(1), 1.0, atol=1e-6)):
        raise InputError(
            f"transition must hold probabilities, each row with sum 1, got {rows}"
        )
    if not (matrix.sum(0) > 0).all():
        raise InputError(
            "transition must give every label to some class, got a column of "
            f"zeros in {rows}; leave out the label"
        )


class _NoisyLabels(_Labels):
    """Recorded labels, which keep the probabilities of the clean ones."""

    def __init__(self, clean_logits: Array, log_transition: Array):
        log_clean = jax.nn.log_softmax(clean_logits, axis=-1)
        joint = log_clean[..., :, None] + log_transition
        super().__init__(logits=jax.nn.logsumexp(joint, axis=-2))
        self._log_clean = log_clean

    @property
    def clean_probs(self) -> Array:
        return jnp.exp(self._log_clean)
