"""The ledger: what is logged as ELBO, rate and distortion under every objective."""

from collections.abc import Mapping

from jax import Array

from vaex.objectives.weighting import example_mean
from vaex.types import Metrics, Terms


def distortion(terms: Terms) -> Array:
    """Reconstruction term of each example, averaged over samples, [B].

    -E_q log p(x|z) in nats; the loss of a loss-only head in the loss's own units.
    """
    if terms.log_px_z is None:
        return terms.aux["reconstruction_loss"].mean(0)
    return -terms.log_px_z.mean(0)


def rate(terms: Terms) -> Array | None:
    """KL(q(z|x) || p(z)) of each example in nats, [B]; None where it has none."""
    return None if terms.kl is None else terms.kl.mean(0).sum(-1)


def ledger_of(terms: Terms, batch: Mapping[str, Array] = {}) -> Metrics:
    """Batch means of distortion, rate and ELBO, as far as they exist.

    Whatever an objective minimises, these are the plain quantities: no weight,
    schedule or surrogate enters, but for the examples' own `weight`.

    Args:
      terms: of the batch.
      batch: whose `weight`, if any, the means are taken by.

    Returns:
      `elbo`, `distortion`, `rate` in nats per example; a loss-only head has
      `reconstruction_loss` in place of the first two.

    >>> import jax.numpy as jnp
    >>> one = jnp.ones((1, 2))
    >>> terms = Terms(-3 * one, -one, -one, jnp.ones((1, 2, 4)), None, {})
    >>> {name: float(value) for name, value in ledger_of(terms).items()}
    {'distortion': 3.0, 'rate': 4.0, 'elbo': -7.0}
    """
    metrics: Metrics = {}
    loss_only = terms.log_px_z is None
    first, second = example_mean(distortion(terms), batch), rate(terms)
    metrics["reconstruction_loss" if loss_only else "distortion"] = first
    if second is not None:
        metrics["rate"] = example_mean(second, batch)
        if not loss_only:
            metrics["elbo"] = -(first + metrics["rate"])
    return metrics
