"""The command line of a configuration, so that it can be run again."""

import math
import shlex
from collections.abc import Sequence

from vaex.io.sweep_record import is_swept_word
from vaex.sweeps._leaves import split_word
from vaex.sweeps.job import Job
from vaex.sweeps.swept_keys import Keys, shown


def command_of(keys: Keys, jobs: Sequence[Job]) -> str:
    """`vaex train ...` of all runs of a configuration.

    A configuration that is a mean over other keys than the seed has all their values:
    in one line where the runs are all combinations of them, else in a line for each.
    Words for Hydra itself are left out. Where a run's words are not known they are
    those of the swept keys.

    Args:
      keys: of all runs.
      jobs: of one configuration, at least one.

    Returns:
      Lines for a shell.
    """
    seeds = sorted({job.seed for job in jobs if job.seed is not None})
    with_seed = any(_is_seed(word) for job in jobs for word in _words(keys, job))
    firsts: dict[tuple[str, ...], Job] = {}  # of several seeds, or told in other words
    for job in jobs:
        firsts.setdefault(tuple(shown(keys.value(job, k)) for k in keys.over), job)
    every = [_without_seed(_words(keys, job)) for job in firsts.values()]
    seed = [f"seed={','.join(map(str, seeds))}"] if seeds else []
    if seeds == [0] and not with_seed:
        seed = []
    lines = _joined(every)
    several = ["-m"] if len(seeds) > 1 or len(lines) < len(every) else []
    return "\n".join(
        shlex.join(["vaex", "train", *several, *words, *seed]) for words in lines
    )


def _words(keys: Keys, job: Job) -> tuple[str, ...]:
    """The words of a run but for Hydra's; an unknown run's are those of its keys."""
    if job.overrides:
        return tuple(word for word in job.overrides if not _is_hydra(word))
    values = [(key.path, keys.value(job, key)) for key in keys.over]
    return tuple(f"{path}={shown(v)}" for path, v in values if v is not None)


def _joined(every: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
    """One line of several where they are all combinations of their words' values.

    >>> _joined([("a=1", "b=3", "c=5"), ("a=2", "b=3", "c=5")])
    [('a=1,2', 'b=3', 'c=5')]
    >>> _joined([("a=1", "b=3"), ("a=2", "b=4")])
    [('a=1', 'b=3'), ('a=2', 'b=4')]
    """
    pairs = [tuple(word.partition("=")[::2] for word in words) for words in every]
    if len({tuple(key for key, _ in words) for words in pairs}) > 1:
        return every
    columns = [dict.fromkeys(column) for column in zip(*pairs, strict=True)]
    if math.prod(map(len, columns)) != len(every):
        return every
    values = [",".join(value for _, value in column) for column in columns]
    return [tuple(f"{k}={v}" for (k, _), v in zip(pairs[0], values, strict=True))]


def _is_seed(word: str) -> bool:
    return split_word(word)[0] == "seed"


def _without_seed(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if not _is_seed(word))


def line_of(words: Sequence[str]) -> str:
    """The command line of a sweep or of a run."""
    several = ["-m"] if any(is_swept_word(word) for word in words) else []
    return shlex.join(["vaex", "train", *several, *words])


def _is_hydra(word: str) -> bool:
    return word.lstrip("+~").startswith(("hydra.", "hydra/"))
