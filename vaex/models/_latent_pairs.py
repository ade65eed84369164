"""A posterior and a prior of the same z: what must fit, and the KL between them."""

from collections.abc import Mapping
from typing import Any

from jax import Array

from vaex.distributions import kl
from vaex.errors import InputError


def check_closed_form_kl(choice: Any) -> None:
    """Raises InputError unless the choice is true, false or auto."""
    if not (isinstance(choice, bool) or choice == "auto"):
        raise InputError(f"closed_form_kl must be true, false or auto, got {choice!r}")


def check_pair(
    posterior: Any, prior: Any, slots: tuple[str, str] = ("posterior", "prior")
) -> None:
    """Refuses a posterior and a prior, in these slots, that do not go together."""
    first, second = slots
    names = f"{first} {type(posterior).__name__} and {second} {type(prior).__name__}"
    space, other = posterior.space, getattr(prior, "space", None)
    if other not in (None, space):
        raise InputError(
            f"{names} must live in one space, got {space} and {other}; choose a "
            f"{second} on {space}"
        )
    for size in ("num_variables", "num_categories"):
        ours, theirs = (getattr(part, size, None) for part in (posterior, prior))
        if None not in (ours, theirs) and ours != theirs:
            raise InputError(
                f"{first}.{size} and {second}.{size} must be equal, got {ours} and "
                f"{theirs}"
            )
    needs = getattr(prior, "needs_posterior_density", False)
    if needs and not (posterior.has_density and posterior.has_inverse):
        lack = "an inverse" if posterior.has_density else "a density"
        raise InputError(
            f"{names}: the prior is made of log q(z|u) at any z, but the posterior "
            f"lacks {lack}; use another prior"
        )


def check_settings(settings: Mapping[str, Array], *posteriors: Any) -> None:
    """Refuses traced settings that none of a model's posteriors takes."""
    known = {s for q in posteriors for s in getattr(q, "traced_settings", ())}
    for name in sorted(set(settings) - known):
        kinds = " and ".join(dict.fromkeys(type(q).__name__ for q in posteriors))
        raise InputError(
            f"posterior {kinds} has no {name} to set; leave out objective.{name}, or "
            "use posterior=relaxed_categorical or straight_through_categorical (one of "
            "your own lists it in `traced_settings`)"
        )


def check_events(p: Any, z: Array) -> None:
    """Refuses samples z [S, B, L] that the prior p(z) is not a density of."""
    if p.event_shape != z.shape[-len(p.event_shape) :]:
        raise InputError(
            f"posterior.latent_dim and prior.latent_dim must be equal, but z has "
            f"shape {z.shape[2:]} and the prior {p.event_shape}"
        )


def check_path(posterior: Any) -> None:
    """Refuses to differentiate through samples that pass no gradient."""
    if not posterior.is_reparameterized:
        raise InputError(
            f"posterior {type(posterior).__name__} passes no gradient through its "
            "samples, and this objective or estimator differentiates through them; "
            "choose objective=vimco, or posterior=straight_through_categorical, or "
            "posterior=relaxed_categorical with prior=relaxed_categorical"
        )


def check_split(**parts: Any) -> None:
    """Refuses a split computation that lacks a density, naming the part.

    Args:
      **parts: name -> likelihood, posterior or prior.
    """
    for name, part in parts.items():
        has_density = getattr(part, "has_density", None)
        if not (part.is_normalized if has_density is None else has_density):
            raise InputError(
                "a gradient estimator that weighs log w needs every density, but "
                f"the {name} {type(part).__name__} has none; use another {name}"
            )
    for name, part in parts.items():
        if not getattr(part, "has_inverse", True):
            raise InputError(
                "a gradient estimator that weighs log w needs log q(z|x) at frozen z, "
                f"but the {name} {type(part).__name__} has no inverse: it "
                "knows the density of its own samples alone; use "
                "objective.estimator=vaex.bounds.estimators.reparameterised, where "
                "the objective takes one, or another posterior"
            )


def closed_divergence(model: Any, q: Any, p: Any) -> Array | None:
    """KL(q || p) in closed form, [*batch, G], as `closed_form_kl` chooses.

    None where it is to be sampled; InputError where it must not be.
    """
    if model.closed_form_kl is False:
        return None
    closed = kl.closed_form_kl(q, p)
    if closed is None and model.closed_form_kl is True:
        raise InputError(
            "model.closed_form_kl=true, but KL(posterior || prior) has no "
            f"closed form for {type(model.posterior).__name__} and "
            f"{type(model.prior).__name__}; use auto or false"
        )
    return closed
