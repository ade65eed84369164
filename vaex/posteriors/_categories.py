"""What posteriors of independent categorical variables share."""

from typing import Any, ClassVar

from vaex.distributions.categorical_sizes import check_categorical_sizes
from vaex.errors import InputError
from vaex.posteriors.base import Posterior


class CategoricalPosterior(Posterior):
    """V variables of C categories by V C logits; z is their blocks in a row.

    A subclass fills in `from_raw`, given logits [..., V, C].
    """

    latent_dim: Any = None
    num_variables: int = 16
    num_categories: int = 10

    space: ClassVar[str] = "one-hot vectors"

    def __post_init__(self) -> None:
        self.latent_dim = check_categorical_sizes(
            self.num_variables, self.num_categories, self.latent_dim
        )
        super().__post_init__()

    @classmethod
    def example(cls, latent_dim: int) -> Any:
        """One variable, so that tests may choose L."""
        return cls(num_variables=1, num_categories=latent_dim)

    @property
    def num_groups(self) -> int:
        """V: variables are independent."""
        return self.num_variables

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """Logits."""
        return (self.num_variables, self.num_categories)


def check_temperature(temperature: float) -> None:
    """InputError where a temperature cannot be one."""
    if not temperature > 0:
        raise InputError(f"temperature must be above 0, got {temperature}")
