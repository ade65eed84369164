"""Bernoulli likelihood on binary data."""

from jax import Array

from vaex import support
from vaex.distributions.bernoulli import Bernoulli as BernoulliDistribution
from vaex.likelihoods.base import Likelihood


class Bernoulli(Likelihood):
    """p(x|z) = prod_d sigma(l_d)^x_d (1 - sigma(l_d))^(1 - x_d), x in {0, 1}.

    One raw number per element, the logit. Grey values are refused: on [0, 1] this
    is no density (see ContinuousBernoulli), on grey levels see DiscretizedLogistic
    or Binomial; `preparation=binarize` draws binary images from grey ones.

    Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
      https://arxiv.org/abs/1312.6114.

    >>> import jax, jax.numpy as jnp
    >>> head = Bernoulli(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> x = jnp.ones((2, 3))
    >>> log_prob = head.apply(variables, jnp.zeros((2, 4)), x, method="log_prob")
    >>> [round(float(nats), 4) for nats in log_prob]
    [-2.0794, -2.0794]
    """

    support = support.binary
    ignores_event_shape = True

    def distribution(self, logits: Array) -> BernoulliDistribution:
        """Bernoulli with these logits."""
        return BernoulliDistribution(logits)
