"""Which of several runs is better on the same examples, by how much, how surely.

N examples of a split.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from vaex.sweeps.estimates_over_seeds import Difference, paired_difference


class RunValues(NamedTuple):
    """A run and what it makes of every example.

    Attributes:
      name: of its directory.
      configuration: what it is besides its seed, in words; equal for runs that differ
        in their seed alone.
      seed: of the run.
      values: metric -> [N], in the order of the split.
    """

    name: str
    configuration: str
    seed: int
    values: Mapping[str, np.ndarray]


class PairedRuns(NamedTuple):
    """Two configurations on one metric.

    Attributes:
      metric: its name.
      first: a configuration.
      second: the one that it is compared with.
      difference: first minus second; its pairs are the examples, or the seeds.
      over: "examples" or "seeds".
      num_seeds: seeds that both have and that the means are over; 0 where they share
        none, and the runs of each are averaged.
    """

    metric: str
    first: str
    second: str
    difference: Difference
    over: str
    num_seeds: int


def compare_runs(
    runs: Sequence[RunValues], metric: str, level: float = 0.95
) -> list[PairedRuns]:
    """Every configuration minus that of the first run.

    Over examples: the difference of each example, averaged over the seeds that both
    have. Its error says how it would be with other examples, for these trained models.
    Over seeds, where both have two or more: the difference of the means of each seed.
    Its error says how it would be for models trained anew, on these examples.

    Args:
      runs: at least two, of the same examples; the first is the baseline.
      metric: that all of them have.
      level: of confidence of the intervals.

    Returns:
      For each configuration one row over examples, and one over seeds where there is.

    >>> runs = [RunValues(c, c, 0, {"elbo": np.array(v)})
    ...         for c, v in (("a", [1.0, 2.0, 3.0]), ("b", [2.0, 3.5, 3.5]))]
    >>> row, = compare_runs(runs, "elbo")
    >>> row.first, row.second, row.difference.mean, row.difference.n
    ('b', 'a', 1.0, 3)
    """
    groups: dict[str, dict[int, np.ndarray]] = {}
    for run in runs:
        values = np.asarray(run.values[metric], np.float64)
        groups.setdefault(run.configuration, {})[run.seed] = values
    (second, baseline), *others = groups.items()
    found = []
    for first, own in others:
        shared = [seed for seed in own if seed in baseline]
        chosen = [
            np.mean([group[seed] for seed in shared or group], axis=0)
            for group in (own, baseline)
        ]
        one, other = (dict(enumerate(values.tolist())) for values in chosen)
        over = paired_difference(one, other, level)
        row = PairedRuns(metric, first, second, over, "examples", len(shared))
        found.append(row)
        if len(shared) > 1:
            one, other = (
                {seed: float(group[seed].mean()) for seed in shared}
                for group in (own, baseline)
            )
            over = paired_difference(one, other, level)
            found.append(row._replace(difference=over, over="seeds"))
    return found


def mean_values(
    runs: Sequence[RunValues], metric: str
) -> dict[str, tuple[float, float | None, int]]:
    """Configuration -> mean over examples and seeds, standard error, number of seeds.

    The error is one over seeds where there are several, else one over examples.
    """
    groups: dict[str, list[np.ndarray]] = {}
    for run in runs:
        groups.setdefault(run.configuration, []).append(np.asarray(run.values[metric]))
    found = {}
    for name, group in groups.items():
        parts = np.stack(group).astype(np.float64)
        spread = parts.mean(1) if len(parts) > 1 else parts[0]
        size = len(spread)
        error = float(spread.std(ddof=1) / np.sqrt(size)) if size > 1 else None
        found[name] = (float(parts.mean()), error, len(parts))
    return found
