"""What can be refused in the words of the command line, before Hydra reads them."""

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException

from vaex.cli._configuration import slots, slots_of_one
from vaex.errors import InputError

SWEEP_FLAGS = ("-m", "--multirun")


def check(words: list[str]) -> list[str]:
    """Checks every override that the line holds.

    Args:
      words: arguments of `vaex train`; with flags other than `-m` among them the
        check is left to Hydra.

    Returns:
      The words that choose options, one option for each slot, and Hydra's own.

    Raises:
      InputError: for a word that is no override, several values without `-m`, or a
        slot that is not given the name of an option.
    """
    flags = [word for word in words if word.startswith("-")]
    if not set(flags) <= set(SWEEP_FLAGS):
        return []
    chosen = []
    for word in words:
        if word not in flags:
            override = _parsed(word)
            _check_one(override, word, is_sweep=bool(flags))
            key = override.key_or_group
            if key in slots() or key.startswith("hydra/"):
                chosen.append(_first(override, word))
    return chosen


def _parsed(word: str) -> Override:
    try:
        override = OverridesParser.create().parse_override(word)
    except HydraException:
        override = None
    if override is None or not override.key_or_group:
        raise InputError(
            f"{word!r} is no override: write key=value, +key=value for an argument not "
            "listed, ~key to drop one; quote a value that has spaces or any of "
            "= , ~ [ ] { } in it: 'key=\"a=b\"'"
        )
    return override


def _first(override: Override, word: str) -> str:
    """The override with the first of its values."""
    if not override.is_sweep_override():
        return word
    value = override.value()
    if isinstance(value, Glob):  # Hydra lists the names that fit, from its own search
        fitting = value.filter(slots()[override.key_or_group])
        if not fitting:
            raise InputError(
                f"{word} fits no option of {override.key_or_group}; there are: "
                f"{', '.join(slots()[override.key_or_group])}"
            )
        return f"{override.key_or_group}={fitting[0]}"
    return f"{override.key_or_group}={next(override.sweep_string_iterator())}"


def _check_one(override: Override, word: str, *, is_sweep: bool) -> None:
    key = override.key_or_group
    if override.is_sweep_override():
        if is_sweep:
            return
        is_part = key in slots_of_one()
        raise InputError(
            f"{word} gives {key} several values: add -m to train with each of them"
            + ("" if is_part else f", or write {key}=[...] for a list")
        )
    options = slots().get(key)
    value = override.value()
    if key in slots_of_one() and isinstance(value, list) and value:
        names = ",".join(map(str, value))
        raise InputError(
            f"{word}: {key} takes one option, not a list, of which Hydra would make a "
            f"mixture; with -m {key}={names} trains with each of them"
        )
    named = isinstance(value, str | list) and value
    if options and not override.is_delete() and not named:
        raise InputError(
            f"{word}: {key} takes the name of an option; there are: "
            f"{', '.join(options)}"
        )
