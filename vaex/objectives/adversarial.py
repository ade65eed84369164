"""Critics of z: FactorVAE and the adversarial autoencoder.

Two players share one loss: the critic sees z without gradient, the encoder sees the
critic without gradient.
"""

import jax
from jax import Array

from vaex.objectives._checks import check_count, needed_rate
from vaex.objectives._latent import latent_array, prior_draws
from vaex.objectives.critic import Critic, classification_loss, frozen
from vaex.objectives.ledger import distortion, ledger_of
from vaex.types import Batch, Metrics, Model, NonNegative


def factor_vae(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    critic: Critic,
    gamma: NonNegative = 10.0,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises minus the ELBO + gamma TC, the total correlation by a critic.

    The critic tells samples of q(z) from the same ones with each latent dimension
    permuted over the batch; its logit estimates log q(z) - sum_l log q(z_l).

    Args:
      model: a bound model.
      batch: B examples.
      train: whether this is a training step.
      critic: learned under `objective/`.
      gamma: weight of the total correlation, traced.
      num_samples: S, posterior samples per example.

    Returns:
      Loss in nats per example, the critic's cross entropy in it; and the ledger with
      `total_correlation` and `critic_loss`.

    Raises:
      InputError: if the posterior or the prior has no density.

    Source: Kim, Mnih, "Disentangling by Factorising", ICML 2018,
      https://arxiv.org/abs/1802.05983. The permuted samples are of the same batch,
      where the source takes a second one. Its two optimizers are optimizer=two_players.
    """
    check_count("num_samples", num_samples)
    terms = model.terms(batch, num_samples=num_samples, train=train)
    divergence = needed_rate(model, terms, "factor_vae")
    z = latent_array(model, terms, "factor_vae")
    rows = z.reshape(-1, z.shape[-1])
    still = jax.lax.stop_gradient(rows)
    key = model.make_rng("objective")
    permuted = jax.random.permutation(key, still, axis=0, independent=True)
    critic_loss = classification_loss(critic(still), critic(permuted))
    correlation = frozen(critic, rows).mean()
    loss = (distortion(terms) + divergence).mean() + gamma * correlation
    return loss + critic_loss, {
        **ledger_of(terms),
        "total_correlation": correlation,
        "critic_loss": critic_loss,
    }


def adversarial_autoencoder(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    critic: Critic,
    weight: NonNegative = 1.0,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises distortion + weight * (how well a critic tells q(z) from the prior).

    The critic's logit is of z coming from the prior; the encoder descends
    softplus(-logit), which has a slope where the critic is sure. No density of the
    posterior is needed.

    Args:
      model: a bound model.
      batch: B examples.
      train: whether this is a training step.
      critic: learned under `objective/`.
      weight: of the encoder's part, traced.
      num_samples: S, posterior samples per example.

    Returns:
      Loss per example in the distortion's unit, the critic's cross entropy in it; and
      the ledger with `critic_loss`.

    Source: Makhzani, Shlens, Jaitly, Goodfellow, Frey, "Adversarial Autoencoders",
      2015, https://arxiv.org/abs/1511.05644. Both phases are one step of one loss; for
      two learning rates, optimizer=two_players.
    """
    check_count("num_samples", num_samples)
    terms = model.terms(batch, num_samples=num_samples, train=train)
    z = latent_array(model, terms, "adversarial_autoencoder")
    draws = jax.lax.stop_gradient(prior_draws(model, batch, z))
    critic_loss = classification_loss(critic(draws), critic(jax.lax.stop_gradient(z)))
    fooled = jax.nn.softplus(-frozen(critic, z)).mean()
    loss = distortion(terms).mean() + weight * fooled + critic_loss
    return loss, {**ledger_of(terms), "critic_loss": critic_loss}
