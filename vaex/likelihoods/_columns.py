"""Which columns of a table belong to which field."""

from collections.abc import Mapping
from typing import Any

from vaex.errors import InputError

REST = "rest"


def assigned(columns: Mapping[str, Any], size: int) -> dict[str, tuple[int, ...]]:
    """Columns of each field, every one of `size` in exactly one field.

    Args:
      columns: name -> a number, several, "start:stop" (stop left out), or "rest".
      size: d, the number of columns.

    Returns:
      name -> numbers from 0.

    Raises:
      InputError: naming the field, the overlap or what is missing.

    >>> assigned({"a": "1:3", "b": "rest"}, 4)
    {'a': (1, 2), 'b': (0, 3)}
    """
    found = {
        name: _numbers(name, value) for name, value in columns.items() if value != REST
    }
    owner: dict[int, str] = {}
    for name, numbers in found.items():
        for number in numbers:
            if not 0 <= number < size:
                raise InputError(
                    f"fields.{name}.columns must lie between 0 and {size - 1}, as the "
                    f"event has {size} columns, got {number}"
                )
            if number in owner:
                raise InputError(
                    f"fields.{name}.columns must not overlap others: column {number} "
                    f"also belongs to {owner[number]!r}"
                )
            owner[number] = name
    left = tuple(number for number in range(size) if number not in owner)
    rest = [name for name, value in columns.items() if value == REST]
    if len(rest) > 1:
        raise InputError(f'fields must hold "rest" once at most, got it for {rest}')
    if rest and not left:
        raise InputError(f"fields.{rest[0]}.columns must hold columns, none are left")
    if left and not rest:
        raise InputError(
            f"fields must cover all {size} columns, but {list(left)} are in none; name "
            'them, or give a field columns: "rest"'
        )
    return {name: found.get(name, left) for name in columns}


def _numbers(name: str, value: Any) -> tuple[int, ...]:
    if isinstance(value, str):
        start, _, stop = value.partition(":")
        if start.isdigit() and stop.isdigit():
            value = tuple(range(int(start), int(stop)))
    elif isinstance(value, int):
        value = (value,)
    numbers = tuple(value) if isinstance(value, list | tuple) else ()
    if not numbers or not all(type(number) is int for number in numbers):
        raise InputError(
            f"fields.{name}.columns must be a list such as [0, 1], a range such as "
            f'"2:5", or "rest", got {value!r}'
        )
    return numbers
