"""Numbers for people: as many digits as their standard error leaves meaningful."""

import math
from collections.abc import Sequence

HUGE = 1e6
"""Size from which a number is written in powers of ten."""


def decimals_for(value: float | None, se: float | None) -> int:
    """Decimals that show two digits of the standard error, or five of the value.

    >>> decimals_for(-92.3147, 0.1234), decimals_for(-92.3147, None)
    (2, 3)
    """
    if se is not None and se > 0:
        return min(max(1 - math.floor(math.log10(se)), 0), 6)
    if not value:
        return 3
    return min(max(4 - math.floor(math.log10(abs(value))), 0), 6)


def common_decimals(
    values: Sequence[float | None], errors: Sequence[float | None]
) -> int:
    """Decimals for a column, so that its numbers stand below each other.

    They are those of the better known numbers, as others may have gone wrong.

    >>> common_decimals([-92.31, -140.2], [0.12, None])
    2
    """
    known = sorted(error for error in errors if error)
    if known:
        return decimals_for(None, known[len(known) // 4])
    sizes = sorted(abs(value) for value in values if value)
    return decimals_for(sizes[len(sizes) // 2] if sizes else None, None)


def with_error(
    value: float | None,
    se: float | None,
    *,
    sign: bool = False,
    places: int | None = None,
) -> str:
    """A value and its standard error, with a minus sign of the width of a digit.

    >>> with_error(92.3147, 0.1234), with_error(92.3147, None), with_error(None, None)
    ('92.31 ± 0.12', '92.315', '-')
    """
    if value is None:
        return "-"
    places = decimals_for(value, se) if places is None else places
    text = plain_number(value, places, sign=sign)
    return text if se is None else f"{text} ± {plain_number(se, places)}"


def plain_number(value: float, places: int, *, sign: bool = False) -> str:
    """A number with so many decimals; a huge one, as of a run gone wrong, in powers.

    >>> plain_number(0.5, 2, sign=True), plain_number(2.858e10, 2)
    ('+0.50', '2.86e+10')
    """
    form = ".3g" if abs(value) >= HUGE else f".{places}f"
    text = f"{value:{'+' if sign else ''}{form}}"
    return text.replace("-", "\N{MINUS SIGN}")


def duration(seconds: float | None) -> str:
    """Seconds, minutes or hours.

    >>> duration(3.21), duration(75), duration(7300), duration(None)
    ('3.2 s', '1 min 15 s', '2 h 1 min', '-')
    """
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
