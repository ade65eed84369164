"""A head on counts with additional zeros."""

import numpy as np
from jax import Array

from vaex.distributions.zero_inflated import ZeroInflated as ZeroInflatedDistribution
from vaex.errors import InputError
from vaex.likelihoods._child import element_wise
from vaex.likelihoods.base import Likelihood, support
from vaex.likelihoods.poisson import Poisson


class ZeroInflated(Likelihood):
    """p(x|z) = prod_d w_d [x_d = 0] + (1 - w_d) p_child(x_d), w_d = sigma(l_d).

    On the child's counts, for data with zeros that have another cause than few events.
    Per element the logit l, then the raw numbers of the child.

    Attributes:
      child: an element-wise head on counts.

    Source: Lambert, "Zero-Inflated Poisson Regression, With an Application to Defects
      in Manufacturing", Technometrics 34, 1992, https://doi.org/10.2307/1269547.

    >>> import jax, jax.numpy as jnp
    >>> head = ZeroInflated(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> mean = head.apply(variables, jnp.zeros((2, 4)), method="mean")
    >>> [round(float(m), 4) for m in mean[0]]
    [0.5, 0.5, 0.5]
    """

    child: Likelihood = Poisson()

    def __post_init__(self) -> None:
        if self.child.event_shape != self.event_shape:
            self.child = self.child.clone(event_shape=self.event_shape)
        super().__post_init__()
        element_wise(self.child)
        counts = self.child.support
        if not (counts.is_discrete and counts.contains(np.zeros(1)).all()):
            raise InputError(
                f"child must be on counts that hold 0, got {type(self.child).__name__} "
                f"on {counts.description}"
            )

    @property
    def num_params(self) -> int:
        """The logit and the child's raw numbers."""
        return 1 + self.child.num_params

    @property
    def support(self) -> support.Support:
        """The child's."""
        return self.child.support

    def from_raw(self, raw: Array) -> ZeroInflatedDistribution:
        """The child's distribution with additional zeros."""
        child = self.child.elements(None, raw=raw[..., 1:])
        return ZeroInflatedDistribution(child, raw[..., 0])
