"""Words on figures: names that fit, and how much is shown."""


def plain(text: str, length: int = 24) -> str:
    """A name short enough for an axis.

    >>> plain("a_very_long_column_name_in_a_table")
    'a_very_long_column_name…'
    """
    return text if len(text) <= length else text[: length - 1] + "…"


def count_of(number: int, noun: str) -> str:
    """A number of things, in words that agree.

    >>> count_of(1, "examples"), count_of(20, "examples")
    ('1 example', '20 examples')
    """
    return f"{number} {noun.removesuffix('s') if number == 1 else noun}"


def first_of(shown: int, total: int, noun: str = "examples") -> str:
    """What part of the data a panel shows.

    >>> first_of(16, 2000), first_of(1, 1)
    ('first 16 of 2000 examples', '1 example')
    """
    if shown < total:
        return f"first {shown} of {total} {noun}"
    return count_of(total, noun)


def number(value: float, precision: str = ".3g") -> str:
    """A number with the minus sign that ticks have.

    >>> number(-0.5) == "\N{MINUS SIGN}0.5", number(1.0, ".2f")
    (True, '1.00')
    """
    return f"{value:{precision}}".replace("-", "\N{MINUS SIGN}")
