"""Which configuration is better, by how much, and how sure that is: pairs of seeds."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from vaex.errors import InputError
from vaex.sweeps.estimates_over_seeds import Difference, paired_difference
from vaex.sweeps.groups import Group, MetricTable, by_seed
from vaex.sweeps.swept_keys import Key, Keys, shown


class Comparison(NamedTuple):
    """Two configurations on the same seeds.

    Attributes:
      first: a configuration.
      second: what it is compared with.
      difference: the metric of the first minus that of the second.
    """

    first: Group
    second: Group
    difference: Difference


def compare_all(table: MetricTable, level: float = 0.95) -> list[Comparison]:
    """Every pair of configurations that can be compared, the better one first.

    Args:
      table: of a metric.
      level: of confidence of the intervals.
    """
    pairs = (pair for ranking in table.rankings for pair in combinations(ranking, 2))
    found = [compare_pair(first, second, level) for first, second in pairs]
    return [one for one in found if one is not None]


def compare_with(
    table: MetricTable, baseline: Mapping[Key, Any], level: float = 0.95
) -> list[Comparison]:
    """Every configuration minus the one that has the baseline's values of some keys.

    The other keys are the same on both sides.

    Args:
      table: of a metric.
      baseline: key -> value.
      level: of confidence of the intervals.
    """
    groups = {group.values: group for group in table.groups}
    found = []
    for group in table.groups:
        pairs = zip(table.keys, group.values, strict=True)
        partner = groups.get(tuple(baseline.get(key, value) for key, value in pairs))
        if partner is not None and partner is not group:
            found.append(compare_pair(group, partner, level))
    return [one for one in found if one is not None]


def read_baseline(
    keys: Keys, over: Sequence[Key], words: Sequence[str]
) -> dict[Key, Any]:
    """The baseline that words such as `beta=1` describe.

    Raises:
      InputError: if a key is not one of the table's, or no run has the value.
    """
    found = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise InputError(
                f"--baseline takes KEY=VALUE, got {word!r}, as in {over[0].name}=VALUE"
                if over
                else f"--baseline {word}: nothing is swept but the seed"
            )
        key = keys.find(name)
        if key not in over:
            listed = ", ".join(k.name for k in over) or "none"
            raise InputError(f"--baseline {word}: keys of the table are: {listed}")
        values = keys.values(key)
        fits = [v for v in values if shown(v) == text or _equal(v, text)]
        if not fits:
            listed = ", ".join(shown(v) for v in values)
            raise InputError(f"--baseline {word}: {key.name} has the values {listed}")
        found[key] = fits[0]
    return found


def are_comparable(first: Group, second: Group) -> bool:
    """Whether all values are of the same data, preparation, split, unit and K."""
    return len(first.conditions | second.conditions) == 1


def compare_pair(first: Group, second: Group, level: float = 0.95) -> Comparison | None:
    """Two configurations, None where they cannot be compared or share no seed."""
    if not are_comparable(first, second):
        return None
    rests = [frozenset(rest for rest, _ in group.cells) for group in (first, second)]
    common = rests[0] & rests[1]
    difference = paired_difference(
        by_seed(first, common), by_seed(second, common), level
    )
    return Comparison(first, second, difference) if difference.n else None


def _equal(value: Any, text: str) -> bool:
    try:
        return float(value) == float(text)
    except (TypeError, ValueError):
        return False
