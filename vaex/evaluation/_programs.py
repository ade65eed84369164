"""Compiled programs kept for the next call with the same parts."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import jax

MOST = 32
"""Programs kept; the one that was not used for longest goes first."""

_kept: OrderedDict[tuple[Any, ...], tuple[tuple[Any, ...], Any]] = OrderedDict()


def kept(name: str, *parts: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: `jax.jit`, or what it gave for this name and these very objects.

    Args:
      name: of the function, one for each place that uses this.
      *parts: everything that the function closes over; objects are told apart by
        identity, and held, so that no other can take their place.

    >>> parts = object()
    >>> first = kept("example", parts)(lambda x: x + 1)
    >>> first is kept("example", parts)(lambda x: x + 1)
    True
    >>> first is kept("example", object())(lambda x: x + 1)
    False
    """
    key = (name, *map(id, parts))

    def keep(function: Callable[..., Any]) -> Any:
        if key not in _kept:
            _kept[key] = (parts, jax.jit(function))
        _kept.move_to_end(key)
        while len(_kept) > MOST:
            _kept.popitem(last=False)
        return _kept[key][1]

    return keep
