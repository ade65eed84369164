"""In which keys of the configuration the jobs of a sweep differ."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from vaex.errors import InputError
from vaex.sweeps._leaves import (
    HIDDEN,
    as_value,
    is_run_only,
    leaves,
    option_name,
    split_word,
)
from vaex.sweeps.job import Job


class Key(NamedTuple):
    """A key of the configuration.

    Attributes:
      path: dotted.
      name: the shortest end of the path that is no other key's.
    """

    path: str
    name: str


SEED = Key("seed", "seed")
"""Over this key means and standard errors are taken."""


class Keys:
    """The keys of jobs' configurations, and the values they have.

    A slot (`likelihood`) stands for all that its options bring. What follows from the
    words of the command line, as `posterior.latent_dim` does from `latent_dim`, is
    left out.

    Args:
      jobs: of which a job without a configuration has the values of its words.
    """

    def __init__(self, jobs: Sequence[Job]):
        self.jobs = tuple(jobs)
        self._tables = {job: leaves(job.config) for job in jobs}
        self._words = {job: self._split(job) for job in jobs}

    @cached_property
    def swept(self) -> tuple[Key, ...]:
        """Keys in which jobs differ, `seed` among them, in the order of the words."""
        worded = list(dict.fromkeys(p for job in self.jobs for p in self._words[job]))
        slots = sorted(self._slots, key=_depth)
        paths = {p for table in self._tables.values() for p in table}
        others = [p for p in sorted(paths, key=_depth) if _tail(p) not in HIDDEN]
        kept: list[str] = []
        for path in dict.fromkeys([*worded, *slots, *others]):
            if self._varies(path) and (
                path in worded or not self._follows(path, kept, worded)
            ):
                kept.append(path)
        return tuple(self._key(path) for path in kept)

    @property
    def over(self) -> tuple[Key, ...]:
        """Swept keys but the seed."""
        return tuple(key for key in self.swept if key.path != SEED.path)

    def value(self, job: Job, key: Key) -> Any:
        """The value of a key in a job; None where its configuration lacks it."""
        return self._value(job, key.path)

    def values(self, key: Key) -> list[Any]:
        """All values of a key: numbers in their order, a lacking one last.

        Options come as the sweep has them, or by their names where there is none.
        """
        found = list(dict.fromkeys(self._value(job, key.path) for job in self.jobs))
        known = [value for value in found if value is not None]
        lack = [None] * (len(known) < len(found))
        if is_numeric(known):
            return sorted(known) + lack
        is_told = all(job.number is not None for job in self.jobs)
        return (known if is_told else sorted(known, key=shown)) + lack

    def find(self, name: str) -> Key:
        """The key that a path, or an end of one, names.

        Raises:
          InputError: if there is none or more than one.
        """
        paths = self._all | {key.path for key in self.swept}
        if name in paths:
            return self._key(name)
        fits = sorted(p for p in paths if p.endswith(f".{name}"))
        swept = [key.path for key in self.swept if key.path in fits]
        chosen = swept if len(swept) == 1 else fits
        if len(chosen) == 1:
            return self._key(chosen[0])
        if chosen:
            raise InputError(f"{name} may be any of {', '.join(chosen)}; write which")
        swept = ", ".join(key.name for key in self.swept) or "nothing"
        raise InputError(f"there is no key {name!r} in these runs; swept are: {swept}")

    @cached_property
    def ordered(self) -> tuple[Job, ...]:
        """The jobs by their numbers, or else by the values of the swept keys."""
        if all(job.number is not None for job in self.jobs):
            return self.jobs
        lists = [(key, self.values(key)) for key in self.swept]

        def place(job: Job) -> list[int]:
            return [values.index(self.value(job, key)) for key, values in lists]

        return tuple(sorted(self.jobs, key=place))

    @cached_property
    def _slots(self) -> set[str]:
        ends = ("._target_",)
        paths = {p for table in self._tables.values() for p in table}
        slots = {p.removesuffix(ends[0]) for p in paths if p.endswith(ends)}
        for words in self._words.values():  # groups that leave no part of their name
            slots |= {w for w in words if w not in paths and not _lies_in(w, slots)}
        return slots if any(self._tables.values()) else set()

    @cached_property
    def _all(self) -> set[str]:
        paths = {p for table in self._tables.values() for p in table}
        return {p for p in paths if _tail(p) not in HIDDEN} | self._slots

    def _key(self, path: str) -> Key:
        parts = path.split(".")
        for count in range(1, len(parts)):
            name = ".".join(parts[-count:])
            if {p for p in self._all if f".{p}".endswith(f".{name}")} <= {path}:
                return Key(path, name)
        return Key(path, path)

    def _value(self, job: Job, path: str) -> Any:
        table, word = self._tables[job], self._words[job].get(path)
        if path in self._slots:
            target = table.get(f"{path}._target_")
            if word not in (None, "custom"):
                return word
            return option_name(target) if target else table.get(path, word)
        if table or word is None:
            return table.get(path)
        return as_value(word)

    def _varies(self, path: str) -> bool:
        """Whether jobs differ; one without a configuration counts by its words."""
        jobs = [j for j in self.jobs if self._tables[j] or path in self._words[j]]
        return len({self._value(job, path) for job in jobs}) > 1

    def _follows(self, path: str, kept: Sequence[str], worded: Sequence[str]) -> bool:
        """Whether the values of a key that no word names follow from another key."""
        jobs = [job for job in self.jobs if self._tables[job]]
        own = [self._value(job, path) for job in jobs]
        if path.startswith("data.") and path not in self._slots:
            sums = {job.status.get("data", {}).get("checksum") for job in jobs}
            if len(sums) == 1 and None not in sums:  # the same bytes from elsewhere
                return True
        told = all(self._words[job] for job in jobs)
        for other in kept:
            theirs = [self._value(job, other) for job in jobs]
            is_copy = own == theirs
            is_cause = path.startswith(f"{other}.") or (told and other in worded)
            is_function = len(set(zip(theirs, own, strict=True))) == len(set(theirs))
            if is_copy or (is_cause and is_function):
                return True
        return False

    def _split(self, job: Job) -> dict[str, str]:
        words = (split_word(word) for word in job.overrides if "=" in word)
        return {path: value for path, value in words if not is_run_only(path)}


def is_numeric(values: Sequence[Any]) -> bool:
    """Whether all values are numbers, so that they have an order and a distance.

    >>> is_numeric([1, 0.5]), is_numeric([True]), is_numeric(["a", 1])
    (True, False, False)
    """
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def shown(value: Any) -> str:
    """A value as it is read in a table.

    >>> shown(0.001), shown(None), shown("mlp"), shown(True)
    ('0.001', '-', 'mlp', 'true')
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _depth(path: str) -> tuple[int, str]:
    return path.count("."), path


def _tail(path: str) -> str:
    return path.rpartition(".")[2]


def _lies_in(path: str, slots: set[str]) -> bool:
    return any(path.startswith(f"{slot}.") for slot in slots)
