"""What makes two configurations the same run."""

from collections.abc import Iterator, Mapping
from typing import Any

RUN_ONLY = ("run", "checkpoint", "tracking", "distributed", "hydra")
"""Parts of a configuration that do not change what is computed."""

RUN_ONLY_KEYS = {"trainer": ("devices",)}
"""Keys that change the order of sums, and so last digits, as a processor's cores do.

A run that eight devices began may go on with four; its record says so.
"""


def identity_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without run-only parts, and of the data only what kind.

    The data's checksum stands for them: the same bytes may lie anywhere.

    >>> identity_of({"seed": 0, "run": {}, "data": {"_target_": "a.B", "path": "c"}})
    {'seed': 0, 'data': {'_target_': 'a.B'}}
    """
    found = {k: v for k, v in config.items() if k not in RUN_ONLY}
    for part, names in RUN_ONLY_KEYS.items():
        if part in found:
            found[part] = {k: v for k, v in found[part].items() if k not in names}
    found["data"] = {"_target_": config["data"]["_target_"]}
    return found


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Keys in which two nested configurations differ, one line each.

    >>> differences({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}})
    ['a.b was 1, is 3', 'c was 2, is gone']
    """
    old, new = dict(_leaves(before)), dict(_leaves(now))
    lines = []
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            lines.append(f"{key} was {old[key]!r}, is gone")
        elif key not in old:
            lines.append(f"{key} was not there, is {new[key]!r}")
        elif old[key] != new[key]:
            lines.append(f"{key} was {old[key]!r}, is {new[key]!r}")
    return lines


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, list(node) if isinstance(node, tuple) else node
