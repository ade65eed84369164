"""What priors of independent categorical variables share."""

from typing import Any, ClassVar

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from vaex.distributions.categorical_sizes import check_categorical_sizes
from vaex.priors.base import Prior


class CategoricalPrior(Prior):
    """V variables of C categories; z is their blocks in a row."""

    latent_dim: Any = None
    num_variables: int = 16
    num_categories: int = 10
    learned: bool = False

    is_factorized = True
    space: ClassVar[str | None] = "one-hot vectors"

    def __post_init__(self) -> None:
        self.latent_dim = check_categorical_sizes(
            self.num_variables, self.num_categories, self.latent_dim
        )
        super().__post_init__()

    @classmethod
    def example(cls, latent_dim: int) -> Any:
        """One variable, so that tests may choose L, and all of its options on."""
        return cls(num_variables=1, num_categories=latent_dim, learned=True)

    @property
    def num_groups(self) -> int:
        """V: variables are independent."""
        return self.num_variables

    def logits(self) -> Array:
        """[V, C], zeros or parameters that start there."""
        shape = (self.num_variables, self.num_categories)
        if not self.learned:
            return jnp.zeros(shape)
        return self.param("logits", nn.initializers.zeros, shape)
