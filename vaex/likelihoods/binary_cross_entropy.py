"""Cross entropy on grey values: a loss-only head."""

from jax import Array, nn

from vaex.distributions.logit_prediction import LogitPrediction
from vaex.likelihoods.base import Likelihood, support


class BinaryCrossEntropy(Likelihood):
    """-sum_d x_d log p_d + (1 - x_d) log(1 - p_d), x_d in [0, 1], p = sigmoid(l).

    The usual loss on grey images, and no density on [0, 1]: its exponential does not
    integrate to 1. ContinuousBernoulli is the same with the normaliser; on binary
    values this is Bernoulli.

    Source: Loaiza-Ganem, Cunningham, "The continuous Bernoulli: fixing a pervasive
      error in variational autoencoders", NeurIPS 2019,
      https://arxiv.org/abs/1907.06845, on what it lacks.

    >>> import jax, jax.numpy as jnp
    >>> head = BinaryCrossEntropy(event_shape=(3,))
    >>> features, x = jnp.zeros((2, 4)), 0.5 * jnp.ones((2, 3))
    >>> variables = head.init(jax.random.key(0), features)
    >>> loss = head.apply(variables, features, x, method="reconstruction_loss")
    >>> [round(float(value), 4) for value in loss]
    [2.0794, 2.0794]
    """

    support = support.unit_interval
    is_normalized = False
    normalized_instead = "ContinuousBernoulli"
    ignores_event_shape = True

    def distribution(self, logits: Array) -> LogitPrediction:
        """The predicted grey value."""
        return LogitPrediction(logits)

    def score(
        self, elements: LogitPrediction, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Minus the cross entropy by element."""
        del mask, train
        logits = elements.logits
        return -(x * nn.softplus(-logits) + (1.0 - x) * nn.softplus(logits))
