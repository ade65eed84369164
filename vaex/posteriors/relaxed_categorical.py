"""Posterior of relaxed categorical (Concrete) variables."""

from collections.abc import Mapping
from typing import ClassVar

from jax import Array

from vaex.distributions.categorical_vectors import (
    CategoricalVectors,
    relaxed_categoricals,
)
from vaex.posteriors._categories import CategoricalPosterior, check_temperature


class RelaxedCategorical(CategoricalPosterior):
    """q(z|x): V blocks z_v = softmax((logits_v + Gumbel) / t), on the simplex.

    Reparameterised without bias. z is continuous and so is the model: for a prior of
    the same kind, whose density is that of the simplex. ELBO and importance weights
    are then bounds on log p(x) of this relaxed model, and no bound for the discrete
    one. The KL between the categorical distributions of the logits, with samples that
    are relaxed (as Jang et al. train), bounds neither, and is not offered: the model
    refuses this posterior beside a `Categorical` prior. The KL has no closed form.

    Attributes:
      latent_dim: L = V C; leave it out.
      min_scale: of no effect, there is no scale.
      num_variables: V.
      num_categories: C, of each variable.
      temperature: t; the traced setting "temperature" stands in for it where a caller
        gives one, as objective.temperature does in training. Evaluation takes t: set
        it to what the objective's schedule ends at.

    Numerics: components are kept above exp(-80); keep t at 0.2 or more, see
      `vaex.distributions.categorical_vectors.relaxed_categoricals`.

    Source: Maddison, Mnih, Teh, "The Concrete Distribution: A Continuous Relaxation
      of Discrete Random Variables", ICLR 2017, https://arxiv.org/abs/1611.00712.

    >>> import jax, jax.numpy as jnp
    >>> posterior = RelaxedCategorical(num_variables=3, num_categories=4)
    >>> features = jnp.ones((2, 8))
    >>> variables = posterior.init(jax.random.key(0), features)
    >>> q = posterior.apply(variables, features)
    >>> q.event_shape, round(float(q.sample(seed=jax.random.key(1)).sum()), 4)
    ((12,), 6.0)
    """

    temperature: float = 2 / 3

    space: ClassVar[str] = "the simplex"
    traced_settings: ClassVar[tuple[str, ...]] = ("temperature",)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_temperature(self.temperature)

    def from_raw(self, raw: Array, settings: Mapping[str, Array]) -> CategoricalVectors:
        """Of logits [..., V, C]."""
        temperature = settings.get("temperature", self.temperature)
        return relaxed_categoricals(raw, temperature)
