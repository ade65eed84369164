"""The size of a latent vector that is made of categorical variables."""

from vaex.errors import InputError


def check_categorical_sizes(
    num_variables: int, num_categories: int, latent_dim: int | None
) -> int:
    """L = num_variables * num_categories, checked.

    Raises:
      InputError: for sizes that cannot be, or a `latent_dim` that is another number.

    >>> check_categorical_sizes(3, 4, None)
    12
    """
    if latent_dim is not None and latent_dim < 1:
        raise InputError(f"latent_dim must be at least 1, got {latent_dim}")
    if num_variables < 1:
        raise InputError(f"num_variables must be at least 1, got {num_variables}")
    if num_categories < 2:
        raise InputError(f"num_categories must be at least 2, got {num_categories}")
    size = num_variables * num_categories
    if latent_dim not in (None, size):
        raise InputError(
            f"latent_dim must be num_variables * num_categories = {size}, got "
            f"{latent_dim}; leave it out"
        )
    return size
