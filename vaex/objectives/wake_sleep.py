"""Reweighted wake-sleep."""

import jax
from jax import Array

from vaex.bounds.estimators import reweighted
from vaex.bounds.importance_weighted import importance_weighted_bound
from vaex.bounds.surrogate import surrogate_loss
from vaex.objectives._importance import weighted_terms
from vaex.objectives.ledger import ledger_of
from vaex.objectives.weighting import averaging, example_mean
from vaex.types import Batch, Fraction, Metrics, Model


def reweighted_wake_sleep(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    sleep_share: Fraction = 0.5,
    sleep: bool = False,
    num_samples: int = 8,
) -> tuple[Array, Metrics]:
    """The model ascends L_S, the posterior E_p(z|x) log q(z|x), by weights (wake).

    With `sleep`, the posterior's step is (1 - sleep_share) of that and sleep_share of
    ascending log q(z|x) at dreams, (z, x) drawn from the model. No gradient passes
    through samples, which may be discrete. The loss has the value of -L_S, and of
    -sleep_share log q at the dreams beside it.

    Args:
      model: a bound model.
      batch: B examples; as many dreams are drawn, under the same conditions.
      train: whether this is a training step.
      sleep_share: share of the sleep phase, traced; without `sleep` it is not used.
      sleep: whether to dream, which costs a pass of the decoder and the encoder.
      num_samples: S, posterior samples per example.

    Returns:
      Loss in nats per example, and the ledger.

    Raises:
      InputError: where the model has no importance weights.

    Source: Bornschein, Bengio, "Reweighted Wake-Sleep", ICLR 2015,
      https://arxiv.org/abs/1406.2751. Dreams are encoded in evaluation mode, so that
      batch statistics are of data alone.
    """
    terms, log_w = weighted_terms(
        model,
        batch,
        name="reweighted_wake_sleep",
        num_samples=num_samples,
        train=train,
    )
    a, b, c = reweighted(log_w)
    bound = importance_weighted_bound(log_w)
    share = 1.0 - sleep_share if sleep else 1.0
    wake = surrogate_loss(bound, terms, (a, b, share * c), average=averaging(batch))
    if not sleep:
        return wake, ledger_of(terms, batch)
    dreams = _log_posterior_of_dreams(model, batch)
    # A dream is no example; the condition that it is under belongs to one.
    dreamt = example_mean(dreams, batch if "condition" in batch else {})
    return wake - sleep_share * dreamt, ledger_of(terms, batch)


def _log_posterior_of_dreams(model: Model, batch: Batch) -> Array:
    """Log q(z|x) [B] at (z, x) drawn from the model, both without gradient."""
    condition = batch.get("condition")
    prior = model.prior_distribution(condition)
    count = batch["x"].shape[0]
    z = prior.sample(seed=model.make_rng("objective"), sample_shape=(count,))
    z = jax.tree.map(jax.lax.stop_gradient, z)
    x = model.decode(z, condition).sample(seed=model.make_rng("objective"))
    dream = {"x": jax.lax.stop_gradient(x).astype(batch["x"].dtype)}
    if condition is not None:
        dream["condition"] = condition
    return model.encode(dream, train=False).log_prob(z)
