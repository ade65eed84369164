"""What a score needs of a model, and what to say where it is not there."""

from typing import Any

from vaex.errors import InputError


def need_density(score: str, model: Any) -> None:
    """Refuses a head that is a loss: there is no p(x|z)."""
    head = getattr(model, "likelihood", None)
    if head is not None and not head.is_normalized:
        raise InputError(
            f"score={score} needs log p(x|z), which the loss {type(head).__name__} is "
            f"not (is_normalized = False); train with a head such as "
            f"{head.normalized_instead}, or use score=error"
        )


def need_posterior_density(score: str, model: Any) -> None:
    """Refuses a posterior without log q(z|x): no rate, no importance weights."""
    for slot in ("posterior", "lower_posterior"):
        posterior = getattr(model, slot, None)
        if posterior is not None and not posterior.has_density:
            raise InputError(
                f"score={score} needs log q(z|x), which {slot} "
                f"{type(posterior).__name__} does not have; train with "
                "posterior=diagonal_gaussian, or use score=reconstruction"
            )


def need_prior_density(score: str, model: Any) -> None:
    """Refuses a prior without log p(z)."""
    prior = getattr(model, "prior", None)
    if prior is not None and not prior.has_density:
        raise InputError(
            f"score={score} needs log p(z), which the prior {type(prior).__name__} "
            "does not have; train with prior=standard_gaussian, or use "
            "score=reconstruction"
        )


def need_weights(score: str, model: Any) -> None:
    """Refuses a model without importance weights."""
    need_density(score, model)
    need_posterior_density(score, model)
    need_prior_density(score, model)
    if not getattr(model, "is_importance", True):
        raise InputError(
            f"score={score} needs importance weights, which {type(model).__name__} "
            "does not have, as it enumerates; use score=elbo"
        )
