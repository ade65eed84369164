"""The evidence lower bound, with a weight on the rate."""

from jax import Array

from vaex.errors import InputError
from vaex.objectives.ledger import distortion, ledger_of, rate
from vaex.types import Batch, Metrics, Model, NonNegative


def elbo(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    beta: NonNegative = 1.0,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises distortion + beta * rate; beta = 1 is minus the ELBO.

    The logged `elbo` is the ELBO whatever beta is.

    Args:
      model: a bound model.
      batch: B examples.
      train: whether this is a training step.
      beta: weight of the rate, traced.
      num_samples: S, posterior samples per example.

    Returns:
      Loss in nats per example, and the ledger.

    Raises:
      InputError: if there are no samples.
      ValueError: if the posterior has no density, so that there is no rate.

    Source: Kingma, Welling, ICLR 2014, https://arxiv.org/abs/1312.6114;
      beta: Higgins et al., "beta-VAE", ICLR 2017.
    """
    if num_samples < 1:
        raise InputError(
            f"num_samples of the objective must be at least 1, got {num_samples}"
        )
    terms = model.terms(batch, num_samples=num_samples, train=train)
    divergence = rate(terms)
    if divergence is None:
        raise ValueError("the ELBO needs a posterior and a prior with a density")
    loss = (distortion(terms) + beta * divergence).mean()
    return loss, ledger_of(terms)
