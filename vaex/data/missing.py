"""What stands for a missing number in a table of text."""

WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})


def is_missing(cell: str) -> bool:
    """Whether a cell says that its number is missing, in any case.

    >>> is_missing(" N/A"), is_missing("0")
    (True, False)
    """
    return cell.strip().lower() in WORDS
