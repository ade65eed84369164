"""The command line of a configuration, so that it can be run again."""

import shlex
from collections.abc import Sequence

from vaex.io.sweep_record import is_swept_word
from vaex.sweeps._leaves import split_word
from vaex.sweeps.job import Job
from vaex.sweeps.swept_keys import Keys, shown


def command_of(keys: Keys, jobs: Sequence[Job]) -> str:
    """`vaex train ...` of runs that differ in their seed alone.

    Words for Hydra itself are left out. Where a run's words are not known they are
    those of the swept keys.

    Args:
      keys: of all runs.
      jobs: of one configuration, at least one.
    """
    words = [w for w in jobs[0].overrides if not _is_hydra(w)]
    if not jobs[0].overrides:
        values = [(key.path, keys.value(jobs[0], key)) for key in keys.over]
        words = [f"{path}={shown(v)}" for path, v in values if v is not None]
    kept = [word for word in words if split_word(word)[0] != "seed"]
    seeds = sorted({job.seed for job in jobs if job.seed is not None})
    several = ["-m"] if len(seeds) > 1 else []
    given = len(kept) < len(words) or several or seeds not in ([], [0])
    seed = [f"seed={','.join(map(str, seeds))}"] if seeds and given else []
    return shlex.join(["vaex", "train", *several, *kept, *seed])


def line_of(words: Sequence[str]) -> str:
    """The command line of a sweep or of a run."""
    several = ["-m"] if any(is_swept_word(word) for word in words) else []
    return shlex.join(["vaex", "train", *several, *words])


def _is_hydra(word: str) -> bool:
    return word.lstrip("+~").startswith(("hydra.", "hydra/"))
