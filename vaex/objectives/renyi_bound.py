"""The variational Renyi bound."""

from jax import Array
from jax.typing import ArrayLike

from vaex.bounds import alpha_divergence
from vaex.bounds.estimators import Estimator, reparameterised
from vaex.bounds.surrogate import surrogate_loss
from vaex.objectives._importance import weighted_terms
from vaex.objectives._schedule import Schedule, at_temperature
from vaex.objectives.ledger import ledger_of
from vaex.objectives.weighting import averaging
from vaex.types import Batch, Metrics, Model, Positive, Scalar


def renyi(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    step: ArrayLike = 0,
    alpha: Scalar = 0.5,
    num_samples: int = 8,
    estimator: Estimator = reparameterised,
    temperature: Positive | None = None,
    temperature_schedule: Schedule | None = None,
) -> tuple[Array, Metrics]:
    """Minimises -E log((1/S) sum_s w_s^(1 - alpha)) / (1 - alpha).

    alpha = 0 is iwae, alpha = 1 (the limit) the sampled ELBO; a very negative alpha
    is the largest of the log weights (VR-max). Below 0 it is no lower bound.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      step: number of steps taken, traced.
      alpha: order of the divergence, traced.
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

    Source: Li, Turner, "Renyi Divergence Variational Inference", NeurIPS 2016,
      https://arxiv.org/abs/1602.02311. The weighted gradient is taken over all
      samples, not at one sample drawn by its weight.
    """
    is_whole = estimator is reparameterised
    options = at_temperature(temperature, temperature_schedule, step)
    terms, log_w = weighted_terms(
        model,
        batch,
        name="renyi",
        num_samples=num_samples,
        train=train,
        split=not is_whole,
        estimator=estimator,
        **options,
    )
    bound = alpha_divergence.renyi_bound(log_w, alpha)
    coefficients = alpha_divergence.renyi(log_w, estimator, alpha)
    average = averaging(batch)
    loss = surrogate_loss(bound, terms, coefficients, is_whole, average)
    return loss, ledger_of(terms, batch)
