"""Vocabulary: the types that models, objectives and evaluation share.

S posterior samples, B batch, E event, I encoder input, L latent, G latent groups,
C condition.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, Protocol

import jax
from jax import Array

Batch = Mapping[str, Array]
"""`x` [B, *E]; optional `input` [B, *I] (what the encoder sees, else `x` with masked
cells 0), `mask` [B, *E] (True where observed), `label` [B], `condition` [B, C],
`weight` [B] (not negative: what an example counts in the means of objectives; that of
held-out bounds is plain)."""

Metrics = dict[str, Array]


class Traced:
    """Marks a parameter whose value is a traced leaf of `Hparams`."""


class Bounds(NamedTuple):
    """The interval [low, high) that a hyperparameter must lie in."""

    low: float
    high: float = math.inf


Scalar = Annotated[float | Array, Traced]
"""Annotation of a numeric hyperparameter: a float that may be swept as a population
without another compilation. Everything else is structural."""

NonNegative = Annotated[float | Array, Traced, Bounds(0.0)]
"""A `Scalar` that is at least 0; a value given by configuration is held to it."""

Positive = Annotated[float | Array, Traced, Bounds(1e-6)]
"""A `Scalar` that is above 0; a value given by configuration is held to it."""

Fraction = Annotated[float | Array, Traced, Bounds(0.0, 1.0)]
"""A `Scalar` in [0, 1); a value given by configuration is held to it."""


class Terms(NamedTuple):
    """Per-example log-densities of a model, in nats. What has no density is None.

    Attributes:
      log_px_z: [S, B] log p(x|z); None where the head has no density.
      log_pz: [S, B] log p(z); None where the prior has no density.
      log_qz_x: [S, B] log q(z|x); None for a deterministic or implicit posterior.
      kl: [S or 1, B, G] KL(q(z|x) || p(z)) by group: S = 1 in closed form, else
        its single-sample estimates; None where `log_qz_x` is.
      z: tree of [S, B, ...], the samples.
      aux: name -> [S, B]: `reconstruction_loss` of a loss-only head, `path` of a
        split computation.
    """

    log_px_z: Array | None
    log_pz: Array | None
    log_qz_x: Array | None
    kl: Array | None
    z: Any
    aux: dict[str, Array]


def log_weights(terms: Terms) -> Array:
    """Log importance weights, log p(x|z) + log p(z) - log q(z|x).

    Returns:
      [S, B] nats.

    Raises:
      ValueError: if one of the three densities does not exist, with the reason.

    >>> import jax.numpy as jnp
    >>> one = jnp.ones((2, 1))
    >>> log_weights(Terms(-3 * one, -one, -2 * one, None, None, {})).tolist()
    [[-2.0], [-2.0]]
    """
    reasons = {
        "log_px_z": "the likelihood head has no density (is_normalized = False)",
        "log_pz": "the prior has no density",
        "log_qz_x": "the posterior has no density",
    }
    parts = []
    for name, reason in reasons.items():
        part: Array | None = getattr(terms, name)
        if part is None:
            raise ValueError(f"importance weights do not exist: {reason}")
        parts.append(part)
    log_px_z, log_pz, log_qz_x = parts
    return log_px_z + log_pz - log_qz_x


class Model(Protocol):
    """What objectives and evaluation see of a bound model."""

    is_importance: bool
    """False where terms are enumerated rather than sampled: then no IWAE."""

    @property
    def kl_groups(self) -> tuple[str, ...]:
        """Names of the G columns of `Terms.kl`."""
        ...

    def terms(
        self,
        batch: Batch,
        *,
        num_samples: int,
        train: bool,
        split: bool = False,
        posterior: Any = None,
        settings: Mapping[str, Array] = {},
    ) -> Terms:
        """Log-densities of a batch; see `vaex.models.vae.VAE.terms`."""
        ...

    def encode(self, batch: Batch, *, train: bool = False) -> Any:
        """q(z|x)."""
        ...

    def decode(
        self, z: Any, condition: Array | None = None, *, train: bool = False
    ) -> Any:
        """p(x|z)."""
        ...

    def prior_distribution(self, condition: Array | None = None) -> Any:
        """p(z)."""
        ...

    def make_rng(self, name: str) -> jax.Array:
        """A key of the named stream."""
        ...
