"""How well a model uses z, in words."""

from collections.abc import Mapping
from typing import Any

CARRIED = 0.01
"""Nats of KL below which a dimension carries nothing."""

IGNORED = 0.1
"""Nats (or hundredths of a loss) that another z may cost if the decoder ignores z."""

AT_FLOOR = 0.05
"""Share of the elements at the lower bound of the scale that is worth a word."""

FAR = 10.0
"""Nats a dimension of KL(q(z) || p(z)) at which draws from the prior are no codes."""

_REMEDIES = (
    "try objective/schedule=linear_warmup, objective=free_bits, a smaller latent_dim"
)


def health_in_words(
    results: Mapping[str, Any], *, is_bounded: bool = False
) -> list[str]:
    """Sentences about collapse, a decoder that ignores z, and scales at their floor.

    Fewer than half of the dimensions (or variables) at 0.01 nats or more is called
    collapsed; of layers, one without an active unit. A rate that is paid while no
    posterior mean varies is called wasted.

    Args:
      results: `summarize`'s and `summarize_health`'s.
      is_bounded: whether the head gives probabilities, which no scale makes unbounded.

    Returns:
      One sentence or more; none where nothing is known of z.

    >>> health_in_words({"rate_per_group": {"z0": 0.001, "z1": 2.0, "z2": 1.0}})
    ['healthy: 2 of 3 dimensions active']
    """
    words = []
    use = _layers(results) or _groups(results) or _units(results)
    if use:
        words.append(use)
    far = _far_from_prior(results)
    if far:
        words.append(far)
    gap = results.get("shuffle_gap", {})
    if gap.get("value") is not None:
        in_nats = gap["unit"].startswith("nats")
        least = IGNORED if in_nats else 0.01 * abs(gap["loss"])
        if gap["value"] < least:
            cost = f"{gap['value']:.2g} {gap['unit']}"
            words.append(f"the decoder ignores z: another example's z costs {cost}")
    floor = results.get("scale_at_floor", {})
    if floor.get("value") is not None and floor["value"] > AT_FLOOR and not is_bounded:
        words.append(
            f"the scale is at its floor likelihood.min_scale={floor['min_scale']:g} in "
            f"{floor['value']:.0%} of the elements: the density is unbounded; raise it"
        )
    return words


def _layers(results: Mapping[str, Any]) -> str | None:
    counts = results.get("active_units", {}).get("by_layer")
    if not counts:
        return None
    listed = ", ".join(f"{count} in {name}" for name, count in counts.items())
    empty = [name for name, count in counts.items() if not count]
    if empty:
        where = " and ".join(empty)
        return f"collapsed: no unit of {where} is active ({listed}); {_REMEDIES}"
    return f"healthy: active units {listed}"


def _groups(results: Mapping[str, Any]) -> str | None:
    values = list(results.get("rate_per_group", {}).values())
    if not values or None in values:
        return None
    if len(values) == 1:
        carried = f"z carries {values[0]:.3g} nats"
        is_dead = values[0] < CARRIED
        return (
            f"collapsed: {carried}; {_REMEDIES}" if is_dead else f"healthy: {carried}"
        )
    units = results.get("active_units", {}).get("of")
    what = "dimensions" if units in (None, len(values)) else "variables"
    active = sum(value >= CARRIED for value in values)
    if 2 * active < len(values):
        return (
            f"collapsed: {len(values) - active} of {len(values)} {what} carry less "
            f"than {CARRIED:g} nats; {_REMEDIES}"
        )
    if results.get("active_units", {}).get("value") == 0:
        return (
            f"wasted: {active} of {len(values)} {what} cost {sum(values):.3g} nats, "
            "but no posterior mean varies with x; train longer, or with a lower "
            "optimizer.learning_rate"
        )
    return f"healthy: {active} of {len(values)} {what} active"


def _far_from_prior(results: Mapping[str, Any]) -> str | None:
    distance = results.get("marginal_kl", {}).get("value")
    dimensions = results.get("active_units", {}).get("of")
    if distance is None or not dimensions or distance < FAR * dimensions:
        return None
    return (
        f"draws from the prior are no codes: KL(q(z) || p(z)) is {distance:.3g} nats; "
        "try a higher weight on the rate, or vaex sample --sampler flow"
    )


def _units(results: Mapping[str, Any]) -> str | None:
    """Of a posterior without a rate: by what varies with x."""
    units = results.get("active_units", {})
    if units.get("value") is None:
        return None
    counted = f"{units['value']} of {units['of']} dimensions active"
    if 2 * units["value"] < units["of"]:
        return f"collapsed: {counted}; try a smaller latent_dim"
    return f"healthy: {counted}"
