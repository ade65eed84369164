"""The space of a search, in the words of the command line."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    RangeSweep,
)
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from vaex.errors import InputError
from vaex.io.run_identity import RUN_ONLY, RUN_ONLY_KEYS

TAGS = ("log", "int")


@dataclass(frozen=True)
class Space:
    """What is searched, and what stays as it is.

    Attributes:
      searched: key -> distribution, in the order of the line.
      fixed: key -> word, in the order of the line.
    """

    searched: Mapping[str, BaseDistribution]
    fixed: Mapping[str, str]

    @classmethod
    def of(cls, words: Sequence[str], config_loader: Any = None) -> "Space":
        """Reads the words of a line; of words with one key the last counts.

        Args:
          words: overrides in Hydra's grammar.
          config_loader: Hydra's, which `glob(...)` asks for the options there are.

        Raises:
          InputError: if nothing is searched, or a set of values cannot be.

        >>> space = Space.of(["seed=range(0,3)", "latent_dim=4"])
        >>> space.words({"seed": 2})
        ['latent_dim=4', 'seed=2']
        """
        found: dict[str, BaseDistribution | str] = {}
        parser = OverridesParser.create(config_loader=config_loader)
        for override in parser.parse_overrides(list(words)):
            key = override.get_key_element()
            if override.is_sweep_override():
                found[key] = _distribution(override)
            elif override.is_delete():
                found[key] = override.input_line or key
            else:
                found[key] = f"{key}={override.get_value_element_as_str()}"
        searched = {k: v for k, v in found.items() if isinstance(v, BaseDistribution)}
        if not searched:
            raise InputError(
                "a search needs a key with several values, got none; write for example "
                "'optimizer.learning_rate=tag(log, interval(1e-4, 1e-2))'"
            )
        fixed = {k: v for k, v in found.items() if isinstance(v, str)}
        return cls(searched, fixed)

    def words(self, params: Mapping[str, Any]) -> list[str]:
        """The overrides of one trial."""
        chosen = [f"{key}={_text(params[key])}" for key in self.searched]
        return [*self.fixed.values(), *chosen]

    def example(self) -> dict[str, Any]:
        """The first value of every key."""
        return {key: _first(part) for key, part in self.searched.items()}

    def branch(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """The values that may choose parts: one trial stands for all equal in these."""
        return tuple(
            str(params[key])
            for key, part in self.searched.items()
            if isinstance(part, CategoricalDistribution)
        )

    def description(self) -> dict[str, dict[str, str]]:
        """All that makes values comparable, as words; run-only keys left out.

        >>> Space.of(["a=interval(0,1)", "run.root=/x"]).description()
        {'searched': {'a': 'interval(0.0, 1.0)'}, 'fixed': {}}
        """
        return {
            "searched": {key: describe(part) for key, part in self.searched.items()},
            "fixed": {k: w for k, w in self.fixed.items() if not _is_run_only(k)},
        }

    def grid_size(self) -> int:
        """Number of points of the grid.

        Raises:
          InputError: for a key that has no finite set of values.
        """
        return math.prod(len(values(key, part)) for key, part in self.searched.items())

    def grid_point(self, index: int) -> dict[str, Any]:
        """A point of the grid; the last key varies fastest.

        >>> Space.of(["a=1,2", "b=range(0,3)"]).grid_point(4)
        {'a': '2', 'b': 1}
        """
        point = {}
        for key, part in reversed(list(self.searched.items())):
            found = values(key, part)
            index, place = divmod(index, len(found))
            point[key] = found[place]
        return {key: point[key] for key in self.searched}


def values(key: str, part: BaseDistribution) -> list[Any]:
    """All values of a key that has finitely many.

    >>> values("a", IntDistribution(0, 6, step=3))
    [0, 3, 6]
    """
    if isinstance(part, CategoricalDistribution):
        return list(part.choices)
    if isinstance(part, IntDistribution):
        return list(range(part.low, part.high + 1, part.step))
    assert isinstance(part, FloatDistribution)
    if part.step is None:
        raise InputError(
            f"hydra.sweeper.sampler=grid needs finitely many values, got {key}="
            f"{describe(part)}; write choice(...) or range(start, stop, step), or take "
            "another sampler"
        )
    count = round((part.high - part.low) / part.step) + 1
    return [part.low + i * part.step for i in range(count)]


def describe(part: BaseDistribution) -> str:
    """A distribution as it would be written.

    >>> describe(FloatDistribution(0.5, 2.0, log=True))
    'tag(log, interval(0.5, 2.0))'
    """
    if isinstance(part, CategoricalDistribution):
        return f"choice({', '.join(map(str, part.choices))})"
    assert isinstance(part, FloatDistribution | IntDistribution)
    if isinstance(part, IntDistribution):
        text = f"range({part.low}, {part.high + 1}, {part.step})"
    elif part.step is None:
        text = f"interval({part.low}, {part.high})"
    else:
        text = f"{part.low}, {part.low + part.step}, ..., {part.high}"
    return f"tag(log, {text})" if part.log else text


def _distribution(override: Override) -> BaseDistribution:
    sweep: Any = override._value  # value() is the same for a sweep, but for Glob
    word = override.input_line
    tags = set(getattr(sweep, "tags", ()))
    if not tags <= set(TAGS):
        raise InputError(
            f"{word}: the tags of a search are log and int, got {', '.join(tags)}"
        )
    if isinstance(sweep, IntervalSweep):
        return _interval(str(word), sweep)
    if isinstance(sweep, RangeSweep):
        return _range(str(word), sweep)
    if isinstance(sweep, ChoiceSweep):
        sweep.shuffle = False  # a search has an order of its own
    choices = list(dict.fromkeys(override.sweep_string_iterator()))
    if tags or not choices:
        rule = "tags are for numbers" if tags else "there is no value to choose"
        raise InputError(f"{word}: {rule}; write choice(a, b) or interval(low, high)")
    return CategoricalDistribution(choices)


def _interval(word: str, sweep: IntervalSweep) -> BaseDistribution:
    low, high, log = sweep.start, sweep.end, "log" in sweep.tags
    assert low is not None
    assert high is not None
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise InputError(
            f"{word}: an interval goes from low to high, got {low} and {high}"
        )
    if log and low <= 0:
        raise InputError(
            f"{word}: an interval on a logarithmic scale must begin above 0, got {low}"
        )
    whole = "int" in sweep.tags or isinstance(low, int) and isinstance(high, int)
    if not whole:
        return FloatDistribution(low, high, log=log)
    if low != int(low) or high != int(high):
        raise InputError(
            f"{word}: an interval of integers must have integer ends, got {low} and "
            f"{high}"
        )
    return IntDistribution(int(low), int(high), log=log)


def _range(word: str, sweep: RangeSweep) -> BaseDistribution:
    if not sweep.step:
        raise InputError(f"{word}: the step of a range must not be 0")
    found = sorted(sweep.range())
    if not found:
        raise InputError(f"{word}: the range is empty; its end is not part of it")
    low, high = found[0], found[-1]
    log, step = "log" in sweep.tags, abs(sweep.step)
    if log and (step != 1 or low <= 0 or not isinstance(low, int)):
        raise InputError(
            f"{word}: a range on a logarithmic scale has integers above 0 and step 1; "
            "write tag(log, interval(low, high))"
        )
    if isinstance(low, int):
        return IntDistribution(low, int(high), log=log, step=int(step))
    return FloatDistribution(low, high, step=float(step))


def _first(part: BaseDistribution) -> Any:
    if isinstance(part, CategoricalDistribution):
        return part.choices[0]
    assert isinstance(part, FloatDistribution | IntDistribution)
    return part.low


def _text(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _is_run_only(key: str) -> bool:
    part, _, rest = key.lstrip("+~").partition(".")
    return part in RUN_ONLY or rest in RUN_ONLY_KEYS.get(part, ())
