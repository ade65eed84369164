"""Split terms and log weights, refused where there are none."""

from jax import Array

from vaex.errors import InputError
from vaex.objectives._checks import check_count
from vaex.types import Batch, Model, Terms, log_weights


def weighted_terms(
    model: Model,
    batch: Batch,
    *,
    name: str,
    num_samples: int,
    train: bool,
    split: bool = True,
) -> tuple[Terms, Array]:
    """Terms of `num_samples` S samples, and their log weights [S, B].

    Where the estimator is the bound's own gradient they need no split, which saves a
    pass back and serves posteriors that cannot be evaluated at a given z.

    Raises:
      InputError: naming the objective, where weights do not exist and why.
    """
    check_count("num_samples", num_samples)
    if not model.is_importance:
        raise InputError(
            f"{name} needs importance weights, but {type(model).__name__} enumerates "
            "its latent variables instead of sampling them; use objective=elbo"
        )
    try:
        terms = model.terms(batch, num_samples=num_samples, train=train, split=split)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    try:
        return terms, log_weights(terms)
    except ValueError as error:
        raise InputError(f"{name}: {error}; use objective=elbo") from error
