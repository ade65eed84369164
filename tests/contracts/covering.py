"""Rows of options such that every allowed pair of two options is in one of them."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = dict[str, Any]
Pair = frozenset[tuple[str, Any]]


def pairs_of(row: Mapping[str, Any]) -> set[Pair]:
    """Every two (factor, option) of a row."""
    return {frozenset(two) for two in itertools.combinations(row.items(), 2)}


def all_pairs(
    factors: Mapping[str, Sequence[Any]], allowed: Callable[[Row], bool]
) -> set[Pair]:
    """Every allowed pair of options of two factors."""
    return {
        frozenset({one: a, two: b}.items())
        for one, two in itertools.combinations(factors, 2)
        for a, b in itertools.product(factors[one], factors[two])
        if allowed({one: a, two: b})
    }


def covering_rows(
    factors: Mapping[str, Sequence[Any]], allowed: Callable[[Row], bool]
) -> list[Row]:
    """A pairwise covering array, greedily: a row begins with a pair not yet covered.

    Each other factor then has the option that adds most new pairs, and the first one
    allowed where it adds none, so that defaults, which come first, are most frequent.

    Args:
      factors: name -> options, in the order in which rows are filled.
      allowed: whether a row holds these options; asked of parts of rows too.

    Returns:
      Rows, the same ones for the same arguments.
    """
    left, rows = all_pairs(factors, allowed), []
    order = sorted(left, key=lambda pair: _place(factors, pair))
    for pair in order:
        if pair not in left:
            continue
        row = _filled(dict(pair), factors, allowed, left)
        row = {factor: row[factor] for factor in factors}
        left -= pairs_of(row)
        rows.append(row)
    return rows


def _place(factors: Mapping[str, Sequence[Any]], pair: Pair) -> list[Any]:
    names = list(factors)
    return sorted((names.index(f), list(factors[f]).index(v)) for f, v in pair)


def _filled(
    row: Row,
    factors: Mapping[str, Sequence[Any]],
    allowed: Callable[[Row], bool],
    left: set[Pair],
) -> Row:
    """The row with an option of every factor; goes back where none is allowed."""
    missing = [factor for factor in factors if factor not in row]
    if not missing:
        return row
    factor = missing[0]

    def gain(option: Any) -> int:
        return len(pairs_of(row | {factor: option}) & left)

    for option in sorted(factors[factor], key=gain, reverse=True):
        if allowed(row | {factor: option}):
            try:
                return _filled(row | {factor: option}, factors, allowed, left)
            except LookupError:
                continue
    raise LookupError(f"no row holds {row}")
