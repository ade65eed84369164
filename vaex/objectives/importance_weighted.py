"""The importance-weighted autoencoder's bound."""

from jax import Array
from jax.typing import ArrayLike

from vaex.bounds.estimators import Estimator, reparameterised
from vaex.bounds.importance_weighted import importance_weighted_bound
from vaex.bounds.surrogate import surrogate_loss
from vaex.objectives._importance import weighted_terms
from vaex.objectives._schedule import Schedule, at_temperature
from vaex.objectives.ledger import ledger_of
from vaex.objectives.weighting import averaging
from vaex.types import Batch, Metrics, Model, Positive


def iwae(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    step: ArrayLike = 0,
    num_samples: int = 8,
    estimator: Estimator = reparameterised,
    temperature: Positive | None = None,
    temperature_schedule: Schedule | None = None,
) -> tuple[Array, Metrics]:
    """Minimises -L_S, L_S = E log (1/S) sum_s p(x, z_s) / q(z_s|x).

    The loss has the bound's value, and the gradient of the estimator. For S = 1 it is
    the sampled ELBO.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      step: number of steps taken, traced.
      num_samples: S, posterior samples per example.
      estimator: of `vaex.bounds.estimators`.
      temperature: of the posterior's relaxed samples in this step, traced; None for
        the posterior's own.
      temperature_schedule: multiplier of the temperature, a function of the step, such
        as `vaex.training.schedules.exponential(1000, 0.5)`; None for 1.

    Returns:
      Loss in nats per example, and the ledger.

    Raises:
      InputError: where the model has no importance weights.

    Source: Burda, Grosse, Salakhutdinov, "Importance Weighted Autoencoders",
      ICLR 2016, https://arxiv.org/abs/1509.00519, the bound L_k.
    """
    is_whole = estimator is reparameterised
    options = at_temperature(temperature, temperature_schedule, step)
    terms, log_w = weighted_terms(
        model,
        batch,
        name="iwae",
        num_samples=num_samples,
        train=train,
        split=not is_whole,
        estimator=estimator,
        **options,
    )
    bound = importance_weighted_bound(log_w)
    loss = surrogate_loss(bound, terms, estimator(log_w), is_whole, averaging(batch))
    return loss, ledger_of(terms, batch)
