"""Critics of z: FactorVAE and the adversarial autoencoder.

Two players share one loss: the critic sees z without gradient, the encoder sees the
critic without gradient.
"""

import jax
import jax.numpy as jnp
from jax import Array

from vaex.objectives._checks import check_count, check_examples, needed_rate
from vaex.objectives._latent import latent_array, prior_draws
from vaex.objectives.critic import Critic, classification_loss, frozen
from vaex.objectives.ledger import distortion, ledger_of
from vaex.objectives.weighting import averaging, example_shares
from vaex.threefry import fold_in
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
      batch: B examples; their `weight`, if any, counts in all means.
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
      where the source takes a second one; where examples have weights they are
      resampled by them first. Its two optimizers are optimizer=two_players.
    """
    check_count("num_samples", num_samples)
    check_examples("factor_vae", batch, "one alone cannot be permuted")
    terms = model.terms(batch, num_samples=num_samples, train=train)
    divergence = needed_rate(model, terms, "factor_vae")
    z = latent_array(model, terms, "factor_vae")
    rows = z.reshape(-1, z.shape[-1])
    still = jax.lax.stop_gradient(rows)
    key = model.make_rng("objective")
    average = averaging(batch)
    own = critic(still).reshape(z.shape[:2])
    others = critic(_permuted(key, still, batch))
    critic_loss = classification_loss(own, others, first_mean=average)
    correlation = average(frozen(critic, rows).reshape(z.shape[:2]))
    loss = average(distortion(terms) + divergence) + gamma * correlation
    return loss + critic_loss, {
        **ledger_of(terms, batch),
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
      batch: B examples; their `weight`, if any, counts in all means.
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
    average = averaging(batch)
    own = critic(jax.lax.stop_gradient(z))
    critic_loss = classification_loss(critic(draws), own, second_mean=average)
    fooled = average(jax.nn.softplus(-frozen(critic, z)))
    loss = average(distortion(terms)) + weight * fooled + critic_loss
    return loss, {**ledger_of(terms, batch), "critic_loss": critic_loss}


def _permuted(key: Array, rows: Array, batch: Batch) -> Array:
    """Rows [S B, L], each dimension over the rows by itself: draws of prod_l q(z_l)."""
    shares = example_shares(batch, batch["x"].shape[0])
    if shares is not None:
        rows = _resampled(fold_in(key, 1), rows, shares)
    return jax.random.permutation(key, rows, axis=0, independent=True)


def _resampled(key: Array, rows: Array, shares: Array) -> Array:
    """As many rows, each about as often as its share says, once where they are even.

    Numbers of copies are right in the mean: places at even distances from one random
    start, looked up in the cumulative shares (systematic resampling).
    """
    count = len(rows)
    ends = jnp.cumsum(jnp.tile(shares, count // len(shares)))
    places = ends[-1] * (jnp.arange(count) + jax.random.uniform(key)) / count
    chosen = jnp.searchsorted(ends, places, side="right")
    return rows[jnp.minimum(chosen, count - 1)]
