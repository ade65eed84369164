"""Free bits: a rate below which a latent group is not pushed."""

import jax.numpy as jnp
from jax import Array

from vaex.objectives._checks import check_count, needed_rate
from vaex.objectives.ledger import distortion, ledger_of
from vaex.objectives.weighting import example_mean
from vaex.types import Batch, Metrics, Model, NonNegative


def free_bits(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    minimum: NonNegative = 0.5,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises distortion + sum_g max(minimum, mean_b KL_g).

    The maximum is taken of the mean over the batch (and samples) of each group, as in
    the source, not of each example. Groups are the model's `kl_groups`: single latent
    dimensions where posterior and prior factorise, else the whole of z. A minimum of 0
    is the ELBO where every KL is in closed form, hence not negative.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      minimum: lambda, nats (not bits) in each group that cost nothing, traced.
      num_samples: S, posterior samples per example.

    Returns:
      Loss in nats per example, and the ledger.

    Raises:
      InputError: if the posterior or the prior has no density.

    Source: Kingma, Salimans, Jozefowicz, Chen, Sutskever, Welling, "Improved
      Variational Inference with Inverse Autoregressive Flow", NeurIPS 2016,
      https://arxiv.org/abs/1606.04934, the objective with free bits.
    """
    check_count("num_samples", num_samples)
    terms = model.terms(batch, num_samples=num_samples, train=train)
    needed_rate(model, terms, "free_bits")
    assert terms.kl is not None
    groups = jnp.maximum(minimum, example_mean(terms.kl, batch, axis=1))
    loss = example_mean(distortion(terms), batch) + groups.sum()
    return loss, ledger_of(terms, batch)
