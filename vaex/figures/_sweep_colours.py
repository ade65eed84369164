"""Colours of the lines of a sweep."""

from typing import Any

import matplotlib

from vaex.figures._style import BLUE, CLASSES, GREEN, VERMILION


def line_colours(count: int, *, is_ordered: bool = False) -> list[Any]:
    """As many colours, apart from each other; in an order where there is one.

    >>> line_colours(2)
    ['#0072B2', '#D55E00']
    """
    if is_ordered and count > 3:
        scale = matplotlib.colormaps["viridis"]
        # From where it is seen on a dark page to where it is seen on a white one.
        return [scale(0.28 + 0.58 * place / (count - 1)) for place in range(count)]
    if count <= 3:
        return [BLUE, VERMILION, GREEN][:count]
    return [CLASSES[place % len(CLASSES)] for place in range(count)]
