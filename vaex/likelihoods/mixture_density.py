"""Mixture of several copies of another head."""

import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.likelihoods._child import element_wise
from vaex.likelihoods._mixture import Mixture
from vaex.likelihoods.base import Likelihood, support
from vaex.likelihoods.gaussian import Gaussian


class MixtureDensity(Likelihood):
    """p(x|z) = prod_d sum_k w_dk p_k(x_d), p_k the child head with its own numbers.

    On the child's support, for elements with several likely values: K (1 + P) raw
    numbers per element, the logits of the weights w and K times the P of the child.
    Elements are mixed one by one, given z they stay independent. What the child
    learns for all examples (a shared scale) is shared by the components as well.

    Attributes:
      child: an element-wise head that has a density.
      num_components: K.

    Numerics: components of equal parameters have equal gradients and stay equal;
      random weights of the projection are never there. No mode in closed form.

    Source: Bishop, "Mixture Density Networks", Aston University NCRG/94/004, 1994,
      https://publications.aston.ac.uk/id/eprint/373/.

    >>> import jax
    >>> head = MixtureDensity(event_shape=(3,), num_components=2)
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="mean").tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    child: Likelihood = Gaussian()
    num_components: int = 5

    def __post_init__(self) -> None:
        if self.child.event_shape != self.event_shape:
            self.child = self.child.clone(event_shape=self.event_shape)
        super().__post_init__()
        if self.num_components < 1:
            raise InputError(
                f"num_components must be at least 1, got {self.num_components}"
            )
        element_wise(self.child)

    @property
    def num_params(self) -> int:
        """A weight and the child's raw numbers, for each component."""
        return self.num_components * (1 + self.child.num_params)

    @property
    def support(self) -> support.Support:
        """The child's."""
        return self.child.support

    def from_raw(self, raw: Array) -> Mixture:
        """Mixture of the child's distributions."""
        logits, rest = jnp.split(raw, [self.num_components], axis=-1)
        rest = rest.reshape(*raw.shape[:-1], self.num_components, -1)
        components = self.child.elements(None, raw=jnp.moveaxis(rest, -2, 0))
        return Mixture(jnp.moveaxis(logits, -1, 0), components)
