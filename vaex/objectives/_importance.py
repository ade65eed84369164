"""Split terms and log weights, refused where there are none."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from vaex.bounds.estimators import Estimator
from vaex.errors import InputError
from vaex.objectives._checks import check_count, part_name
from vaex.types import Batch, Model, Terms, log_weights


def weighted_terms(
    model: Model,
    batch: Batch,
    *,
    name: str,
    num_samples: int,
    train: bool,
    split: bool = True,
    estimator: Estimator | None = None,
    **options: Any,
) -> tuple[Terms, Array]:
    """Terms of `num_samples` S samples, and their log weights [S, B].

    Where the estimator is the bound's own gradient they need no split, which saves a
    pass back and serves posteriors that cannot be evaluated at a given z. Split terms
    without a path, of samples that pass no gradient, are given one of 0, for estimators
    that make no use of it. Further options are for `Model.terms`.

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
        terms = model.terms(
            batch, num_samples=num_samples, train=train, split=split, **options
        )
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    if split and "path" not in terms.aux:
        terms = _without_path(terms, name, estimator)
    try:
        return terms, log_weights(terms)
    except ValueError as error:
        raise InputError(f"{name}: {error}{_instead(model, terms)}") from error


def _instead(model: Model, terms: Terms) -> str:
    """The part without a density, and what may take the place of it."""
    if terms.log_px_z is None:
        slot, fix = "likelihood", "objective=elbo"
    else:
        slot = "posterior" if terms.log_qz_x is None else "prior"
        fix = "objective=autoencoder"
    return f" ({part_name(model, slot)}); use another {slot}, or {fix}"


def _without_path(terms: Terms, name: str, estimator: Estimator | None) -> Terms:
    if estimator is not None and _takes_path(estimator):
        raise InputError(
            f"{name}: no gradient passes through the posterior's samples, and the "
            f"estimator {getattr(estimator, '__name__', estimator)} needs it; choose "
            "objective.estimator=vaex.bounds.estimators.vimco (objective=vimco), or "
            "posterior=straight_through_categorical, or posterior=relaxed_categorical "
            "with prior=relaxed_categorical"
        )
    assert terms.log_qz_x is not None
    return terms._replace(aux={**terms.aux, "path": jnp.zeros_like(terms.log_qz_x)})


def _takes_path(estimator: Estimator) -> bool:
    """Whether the samples' coefficient b is not 0, of two unequal weights."""
    with jax.ensure_compile_time_eval():
        _, b, _ = estimator(jnp.array([[0.0], [-1.0]]))
        return bool((b != 0.0).any())
