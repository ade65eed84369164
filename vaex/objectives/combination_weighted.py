"""A convex combination of the ELBO and the importance-weighted bound."""

from jax import Array
from jax.typing import ArrayLike

from vaex.bounds.estimators import Estimator, reparameterised
from vaex.bounds.grouped_weights import combined, combined_bound
from vaex.bounds.surrogate import surrogate_loss
from vaex.objectives._importance import weighted_terms
from vaex.objectives._schedule import Schedule, at_temperature
from vaex.objectives.ledger import ledger_of
from vaex.objectives.weighting import averaging
from vaex.types import Batch, Fraction, Metrics, Model, Positive


def ciwae(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    step: ArrayLike = 0,
    beta: Fraction = 0.05,
    num_samples: int = 8,
    estimator: Estimator = reparameterised,
    temperature: Positive | None = None,
    temperature_schedule: Schedule | None = None,
) -> tuple[Array, Metrics]:
    """Minimises -(beta ELBO + (1 - beta) L_S), the ELBO from the same S samples.

    beta = 0 is iwae; near 1 it is the sampled ELBO.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      step: number of steps taken, traced.
      beta: share of the ELBO, traced.
      num_samples: S, posterior samples per example.
      estimator: of `vaex.bounds.estimators`, of both.
      temperature: of the posterior's relaxed samples in this step, traced; None for
        the posterior's own.
      temperature_schedule: multiplier of the temperature, a function of the step, such
        as `vaex.training.schedules.exponential(1000, 0.5)`; None for 1.

    Returns:
      Loss in nats per example, and the ledger.

    Raises:
      InputError: where the model has no importance weights.

    Source: Rainforth, Kosiorek, Le, Maddison, Igl, Wood, Teh, "Tighter Variational
      Bounds are Not Necessarily Better", ICML 2018, https://arxiv.org/abs/1802.04537;
      its table has the best result at beta = 0.05.
    """
    is_whole = estimator is reparameterised
    options = at_temperature(temperature, temperature_schedule, step)
    terms, log_w = weighted_terms(
        model,
        batch,
        name="ciwae",
        num_samples=num_samples,
        train=train,
        split=not is_whole,
        estimator=estimator,
        **options,
    )
    bound = combined_bound(log_w, beta)
    coefficients = combined(log_w, estimator, beta)
    average = averaging(batch)
    loss = surrogate_loss(bound, terms, coefficients, is_whole, average)
    return loss, ledger_of(terms, batch)
