"""A target for the rate that grows in training."""

from jax import Array
from jax.typing import ArrayLike

from vaex.objectives._checks import check_count, needed_rate
from vaex.objectives._schedule import Schedule, scheduled
from vaex.objectives.ledger import distortion, ledger_of
from vaex.objectives.weighting import example_mean
from vaex.types import Batch, Metrics, Model, NonNegative


def controlled_capacity(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    step: ArrayLike = 0,
    gamma: NonNegative = 1000.0,
    capacity: NonNegative = 25.0,
    schedule: Schedule | None = None,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises distortion + gamma |rate - capacity * schedule(step)|.

    The rate is the mean over the batch: it is the average information that is held at
    the target, while examples may differ.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      step: number of steps taken, traced.
      gamma: weight of the gap, traced.
      capacity: target of the rate in nats per example, traced.
      schedule: multiplier of the capacity, a function of the step, such as
        `vaex.training.schedules.linear_warmup(25000)`; None for 1.
      num_samples: S, posterior samples per example.

    Returns:
      Loss in nats per example, and the ledger.

    Raises:
      InputError: if the posterior or the prior has no density.

    Source: Burgess, Higgins, Pal, Matthey, Watters, Desjardins, Lerchner,
      "Understanding disentangling in beta-VAE", 2018,
      https://arxiv.org/abs/1804.03599; gamma = 1000 and 25 nats are the paper's for
      dSprites.
    """
    check_count("num_samples", num_samples)
    terms = model.terms(batch, num_samples=num_samples, train=train)
    divergence = needed_rate(model, terms, "capacity")
    target = scheduled(capacity, schedule, step)
    gap = abs(example_mean(divergence, batch) - target)
    loss = example_mean(distortion(terms), batch) + gamma * gap
    return loss, ledger_of(terms, batch)
