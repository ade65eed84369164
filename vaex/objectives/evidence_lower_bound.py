"""The evidence lower bound, with a weight on the rate."""

from jax import Array
from jax.typing import ArrayLike

from vaex.objectives._checks import check_count, needed_rate
from vaex.objectives._schedule import Schedule, at_temperature, scheduled
from vaex.objectives.ledger import distortion, ledger_of
from vaex.objectives.weighting import example_mean
from vaex.types import Batch, Metrics, Model, NonNegative, Positive


def elbo(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    step: ArrayLike = 0,
    beta: NonNegative = 1.0,
    schedule: Schedule | None = None,
    temperature: Positive | None = None,
    temperature_schedule: Schedule | None = None,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises distortion + beta * schedule(step) * rate; 1 is minus the ELBO.

    The logged `elbo` is the ELBO whatever beta and the schedule are.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      step: number of steps taken, traced.
      beta: weight of the rate, traced.
      schedule: multiplier of beta, a function of the step such as
        `vaex.training.schedules.linear_warmup(1000)` (KL warm-up); None for 1.
      temperature: of the posterior's relaxed samples in this step, traced; None for
        the posterior's own.
      temperature_schedule: multiplier of the temperature, a function of the step, such
        as `vaex.training.schedules.exponential(1000, 0.5)`; None for 1.
      num_samples: S, posterior samples per example.

    Returns:
      Loss in nats per example, and the ledger.

    Raises:
      InputError: if there are no samples, or if the posterior or the prior has no
        density, so that there is no rate.

    Source: Kingma, Welling, ICLR 2014, https://arxiv.org/abs/1312.6114;
      beta: Higgins et al., "beta-VAE", ICLR 2017; warm-up: Sonderby et al., "Ladder
      Variational Autoencoders", NeurIPS 2016, https://arxiv.org/abs/1602.02282.
    """
    check_count("num_samples", num_samples)
    options = at_temperature(temperature, temperature_schedule, step)
    terms = model.terms(batch, num_samples=num_samples, train=train, **options)
    divergence = needed_rate(model, terms, "elbo")
    weight = scheduled(beta, schedule, step)
    loss = example_mean(distortion(terms) + weight * divergence, batch)
    return loss, ledger_of(terms, batch)
