"""Independent categorical variables as one vector, one-hot or relaxed.

V variables, C categories of each, L = V C.
"""

from jax.typing import ArrayLike

from vaex.distributions._categorical_vectors import (
    CategoricalVectors,
    OneHotVectors,
    RelaxedVectors,
    StraightThroughVectors,
)


def one_hot_categoricals(logits: ArrayLike) -> CategoricalVectors:
    """P(z) = prod_v prod_c p_vc^z_vc, p = softmax(logits), z one-hot in each block.

    Samples are exact (the largest of logits + Gumbel noise) and carry no gradient.

    Args:
      logits: [..., V, C].

    Returns:
      Distribution of event shape (L,): block v is z[v C : (v + 1) C]. It has mean
      (the probabilities), mode and entropy; its log_prob is in nats and assumes, but
      does not check, that z is one-hot.

    >>> import jax.numpy as jnp
    >>> d = one_hot_categoricals(jnp.zeros((3, 2)))
    >>> z = jnp.array([1.0, 0.0, 0.0, 1.0, 1.0, 0.0])
    >>> d.event_shape, round(float(d.log_prob(z) / jnp.log(2.0)), 5)
    ((6,), -3.0)
    """
    return OneHotVectors(logits)


def straight_through_categoricals(
    logits: ArrayLike, temperature: ArrayLike | None = None
) -> CategoricalVectors:
    """The distribution of `one_hot_categoricals`; its samples pretend to be smooth.

    A sample is one-hot in value. Its derivative is that of the probabilities or,
    given a temperature t, of softmax((logits + Gumbel) / t) at the noise that it was
    drawn with. Gradients of expectations are biased.

    Args:
      logits: [..., V, C].
      temperature: t > 0, or None.

    Returns:
      Distribution of event shape (L,).

    Source: Bengio, Leonard, Courville, "Estimating or Propagating Gradients Through
      Stochastic Neurons for Conditional Computation", 2013,
      https://arxiv.org/abs/1308.3432; with a temperature: Jang, Gu, Poole,
      "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017,
      https://arxiv.org/abs/1611.01144.

    >>> import jax
    >>> d = straight_through_categoricals([[0.0, 1.0]])
    >>> sorted(d.sample(seed=jax.random.key(0)).tolist())
    [0.0, 1.0]
    """
    return StraightThroughVectors(logits, temperature)


def relaxed_categoricals(
    logits: ArrayLike, temperature: ArrayLike
) -> CategoricalVectors:
    """Concrete variables, z_v = softmax((logits_v + Gumbel) / t) on the simplex.

      log p(z) = sum_v [log (C-1)! + (C-1) log t
                        + sum_c (l_c - (t+1) log z_c) - C log sum_c exp(l_c) z_c^-t]

    with respect to the volume of the first C - 1 components of each block, v left out
    under the sum. As t falls to 0 samples become one-hot.

    Args:
      logits: [..., V, C] l, C at least 2.
      temperature: [...] t > 0.

    Returns:
      Distribution of event shape (L,), with samples that are reparameterised.

    Numerics: components are kept above exp(-80), in samples and in densities. A
      sample that would have one below is moved: with logits within d of one another
      that is as likely as exp(d - 80 t). Keep t at 0.2 or more.

    Source: Maddison, Mnih, Teh, "The Concrete Distribution: A Continuous Relaxation
      of Discrete Random Variables", ICLR 2017, https://arxiv.org/abs/1611.00712;
      Jang, Gu, Poole, ICLR 2017, https://arxiv.org/abs/1611.01144.

    >>> import jax.numpy as jnp
    >>> d = relaxed_categoricals(jnp.zeros((1, 2)), 1.0)  # uniform on [0, 1]
    >>> abs(round(float(d.log_prob(jnp.array([0.3, 0.7]))), 5))
    0.0
    """
    return RelaxedVectors(logits, temperature)
