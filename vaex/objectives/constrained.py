"""GECO: the rate under a constraint on the distortion."""

from jax import Array

from vaex.objectives._checks import check_count, needed_rate
from vaex.objectives.ledger import distortion, ledger_of
from vaex.objectives.multiplier import Multiplier
from vaex.objectives.weighting import example_mean
from vaex.types import Batch, Metrics, Model, Scalar


def geco(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    multiplier: Multiplier,
    tolerance: Scalar = 50.0,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises rate + lambda (distortion - tolerance), and lambda ascends it.

    lambda grows while an example's mean distortion is above the tolerance and falls
    below it. At lambda = 1 the gradient of the model is that of minus the ELBO.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      multiplier: lambda, learned under `objective/`.
      tolerance: distortion per example that is good enough, traced: nats, or a
        loss-only head's own units.
      num_samples: S, posterior samples per example.

    Returns:
      Loss per example, and the ledger with `multiplier`.

    Raises:
      InputError: if the posterior or the prior has no density.

    Source: Rezende, Viola, "Taming VAEs", 2018, https://arxiv.org/abs/1810.00597. The
      constraint is on the distortion of the head, not on a squared error, and lambda
      takes the optimizer's steps instead of its own exponential ones of a moving
      average.
    """
    check_count("num_samples", num_samples)
    terms = model.terms(batch, num_samples=num_samples, train=train)
    divergence = needed_rate(model, terms, "geco")
    excess = example_mean(distortion(terms) - tolerance, batch)
    part, value = multiplier(excess)
    loss = example_mean(divergence, batch) + part
    return loss, {**ledger_of(terms, batch), "multiplier": value}
