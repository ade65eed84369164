"""Importance weighting in several groups: multiply and partially."""

from jax import Array
from jax.typing import ArrayLike

from vaex.bounds import grouped_weights
from vaex.bounds.estimators import Estimator, reparameterised
from vaex.bounds.importance_weighted import importance_weighted_bound
from vaex.bounds.surrogate import surrogate_loss
from vaex.objectives._checks import check_count
from vaex.objectives._importance import weighted_terms
from vaex.objectives._schedule import Schedule, at_temperature
from vaex.objectives.ledger import ledger_of
from vaex.objectives.weighting import averaging
from vaex.types import Batch, Metrics, Model, Positive


def miwae(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    step: ArrayLike = 0,
    num_groups: int = 8,
    num_samples: int = 8,
    estimator: Estimator = reparameterised,
    temperature: Positive | None = None,
    temperature_schedule: Schedule | None = None,
) -> tuple[Array, Metrics]:
    """Minimises minus the mean of M importance-weighted bounds of K samples each.

    The multiply importance-weighted autoencoder; not the bound for missing data that
    shares its initials. M = 1 is iwae with K samples, K = 1 the sampled ELBO with M.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      step: number of steps taken, traced.
      num_groups: M; M K posterior samples are drawn per example.
      num_samples: K, samples of each group.
      estimator: of `vaex.bounds.estimators`, in each group.
      temperature: of the posterior's relaxed samples in this step, traced; None for
        the posterior's own.
      temperature_schedule: multiplier of the temperature, a function of the step, such
        as `vaex.training.schedules.exponential(1000, 0.5)`; None for 1.

    Returns:
      Loss in nats per example, and the ledger.

    Raises:
      InputError: where the model has no importance weights.

    Source: Rainforth, Kosiorek, Le, Maddison, Igl, Wood, Teh, "Tighter Variational
      Bounds are Not Necessarily Better", ICML 2018, https://arxiv.org/abs/1802.04537.
    """
    total = _total(num_groups, num_samples)
    is_whole = estimator is reparameterised
    options = at_temperature(temperature, temperature_schedule, step)
    terms, log_w = weighted_terms(
        model,
        batch,
        name="miwae",
        num_samples=total,
        train=train,
        split=not is_whole,
        estimator=estimator,
        **options,
    )
    bound = grouped_weights.multiply_weighted_bound(log_w, num_groups)
    coefficients = grouped_weights.multiply_weighted(log_w, estimator, num_groups)
    average = averaging(batch)
    loss = surrogate_loss(bound, terms, coefficients, is_whole, average)
    return loss, ledger_of(terms, batch)


def piwae(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    step: ArrayLike = 0,
    num_groups: int = 8,
    num_samples: int = 8,
    estimator: Estimator = reparameterised,
    temperature: Positive | None = None,
    temperature_schedule: Schedule | None = None,
) -> tuple[Array, Metrics]:
    """The model ascends L_MK, the posterior the mean of M bounds L_K.

    Tight for the model, with the posterior's signal-to-noise ratio of fewer samples.
    The loss has the value of -L_MK, which is what the model descends.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      step: number of steps taken, traced.
      num_groups: M; M K posterior samples are drawn per example.
      num_samples: K, samples of each group.
      estimator: of `vaex.bounds.estimators`, of the posterior's part in each group.
      temperature: of the posterior's relaxed samples in this step, traced; None for
        the posterior's own.
      temperature_schedule: multiplier of the temperature, a function of the step, such
        as `vaex.training.schedules.exponential(1000, 0.5)`; None for 1.

    Returns:
      Loss in nats per example, and the ledger.

    Raises:
      InputError: where the model has no importance weights.

    Source: Rainforth et al. 2018, as `miwae`.
    """
    total = _total(num_groups, num_samples)
    options = at_temperature(temperature, temperature_schedule, step)
    terms, log_w = weighted_terms(
        model,
        batch,
        name="piwae",
        num_samples=total,
        train=train,
        estimator=estimator,
        **options,
    )
    coefficients = grouped_weights.partially_weighted(log_w, estimator, num_groups)
    bound = importance_weighted_bound(log_w)
    loss = surrogate_loss(bound, terms, coefficients, average=averaging(batch))
    return loss, ledger_of(terms, batch)


def _total(num_groups: int, num_samples: int) -> int:
    check_count("num_groups", num_groups)
    check_count("num_samples", num_samples)
    return num_groups * num_samples
