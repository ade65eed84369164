"""The aggregate posterior held to the prior by a kernel: InfoVAE and WAE."""

from jax import Array

from vaex.bounds.kernel_discrepancy import Kernel, inverse_multiquadric_kernel
from vaex.objectives._checks import check_count, needed_rate
from vaex.objectives._latent import discrepancy_from_prior, latent_array
from vaex.objectives.ledger import distortion, ledger_of
from vaex.objectives.weighting import example_mean
from vaex.types import Batch, Metrics, Model, NonNegative, Scalar


def info_vae(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    alpha: Scalar = 0.5,
    scale: NonNegative = 10.0,
    kernel: Kernel = inverse_multiquadric_kernel,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises distortion + (1 - alpha) rate + (alpha + scale - 1) MMD^2(q(z), p(z)).

    alpha = 0 and scale = 1 is minus the ELBO; alpha = 1 is wae_mmd.

    Args:
      model: a bound model.
      batch: B examples, at least 2; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      alpha: weight of the mutual information of x and z, traced.
      scale: the source's lambda, traced.
      kernel: of `vaex.bounds.kernel_discrepancy`.
      num_samples: S, posterior samples per example; each is compared by itself.

    Returns:
      Loss in nats per example (MMD^2 has no unit), and the ledger with `mmd`.

    Raises:
      InputError: if the posterior or the prior has no density.

    Source: Zhao, Song, Ermon, "InfoVAE: Balancing Learning and Inference in Variational
      Autoencoders", AAAI 2019, https://arxiv.org/abs/1706.02262, with the MMD for its
      divergence; as a U-statistic, where the source's code keeps the diagonal.
    """
    check_count("num_samples", num_samples)
    terms = model.terms(batch, num_samples=num_samples, train=train)
    divergence = needed_rate(model, terms, "info_vae")
    z = latent_array(model, terms, "info_vae")
    mmd = discrepancy_from_prior(model, batch, z, kernel)
    penalty = (alpha + scale - 1.0) * mmd
    penalty = (1.0 - alpha) * example_mean(divergence, batch) + penalty
    loss = example_mean(distortion(terms), batch) + penalty
    return loss, {**ledger_of(terms, batch), "mmd": mmd}


def wae_mmd(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    scale: NonNegative = 10.0,
    kernel: Kernel = inverse_multiquadric_kernel,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises distortion + scale * MMD^2(q(z), p(z)): no rate of single examples.

    Needs no density of the posterior: it may be deterministic.

    Args:
      model: a bound model.
      batch: B examples, at least 2; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      scale: the source's lambda, traced.
      kernel: of `vaex.bounds.kernel_discrepancy`.
      num_samples: S, posterior samples per example; each is compared by itself.

    Returns:
      Loss per example in the distortion's unit, and the ledger with `mmd`.

    Source: Tolstikhin, Bousquet, Gelly, Schoelkopf, "Wasserstein Auto-Encoders",
      ICLR 2018, https://arxiv.org/abs/1711.01558, WAE-MMD; its cost c(x, G(z)) is the
      head's distortion.
    """
    check_count("num_samples", num_samples)
    terms = model.terms(batch, num_samples=num_samples, train=train)
    z = latent_array(model, terms, "wae_mmd")
    mmd = discrepancy_from_prior(model, batch, z, kernel)
    loss = example_mean(distortion(terms), batch) + scale * mmd
    return loss, {**ledger_of(terms, batch), "mmd": mmd}
