"""Which features make a row odd, found by hiding them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from vaex.anomaly._rows import checked_rows, groups
from vaex.anomaly.attribution import element_names
from vaex.anomaly.row_keys import row_words
from vaex.anomaly.scorer import Scorer
from vaex.errors import InputError

MOST = 256
"""Features hidden one by one at most."""

SUMS = ("reconstruction", "log_mean_density", "elbo", "log_marginal")
"""Scores that are 0 where nothing is seen, and to which each feature adds its part."""


def occlusion_parts(
    scorer: Scorer,
    rows: Mapping[str, np.ndarray],
    on_pass: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """Parts of a score that sum to it, by hiding a row's features from the model.

    First each feature alone is hidden: the drop of the score says how odd it is. Then
    features are hidden one after another, the oddest first, and each has the drop that
    it makes, down to 0 where all are hidden. For -log p(x) that is the chain rule,
    -log p(x_1 | rest) - log p(x_2 | rest without x_1) - ..., so that a part is how odd
    the feature is given those that are less odd.

    Where `Scores.attribution` says which elements are badly reconstructed, this says
    which are to blame: an odd value misleads the encoder, and with it the
    reconstruction of the others. It is there for every score of densities, and costs
    2 D times as much for D features.

    Hazards: the encoder sees hidden cells as 0 of the prepared data (their mean, where
    they are standardised), and a model that was not trained with hidden cells may be
    unsure about rows with many of them: the parts of the least odd features say little.
    A part has about sqrt(2) of the score's error, less by using the same draws.

    Args:
      scorer: of a score that sums over observed elements.
      rows: as for the scorer.
      on_pass: called with the numbers of passes over the rows, done and in all.

    Returns:
      [N, *E]; what the head scores as a whole is hidden as a whole, and its part is
      at its first cell (`occlusion_names`). 0 where a cell is hidden already. Infinite
      where the score is no longer so without a feature.

    Raises:
      InputError: for a score that hiding cells does not lower by their part, or more
        than 256 features.
    """
    if scorer.score.name not in SUMS:
        raise InputError(
            f"occlusion explains sums over features: score must be one of {SUMS}, got "
            f"{scorer.score.name!r}"
        )
    head = scorer.model.likelihood
    features = hidden_together(head)
    if len(features) > MOST:
        raise InputError(
            f"occlusion hides features one by one, at most {MOST}, got {len(features)};"
            " use the attribution of score=reconstruction"
        )
    known = checked_rows(rows, head.event_shape)
    words = np.empty((len(known["x"]), 2), np.uint32)
    for places, group in groups(known):
        words[places] = row_words(group, scorer.seed)
    full = scorer.with_words(known, words).value
    total, passes = len(full), 2 * len(features)
    cells = np.zeros((len(features), int(np.prod(head.event_shape))), bool)
    for number, place in enumerate(features):
        cells[number, place] = True
    seen = np.ones((total, cells.shape[1]), bool)
    if "mask" in known:
        seen = known["mask"].reshape(total, -1)
    done = 1
    on_pass(done, passes)

    def without(hidden: np.ndarray) -> np.ndarray:
        """The score of what is left, [N]; 0 where nothing is."""
        nonlocal done
        left = seen & ~hidden
        some = left.any(1)
        found = np.zeros(total)
        if some.any():
            mask = left.reshape(known["x"].shape)
            few = {n: v[some] for n, v in known.items() if n != "mask"}
            few["x"] = np.where(mask[some], few["x"], np.float32(0))
            found[some] = scorer.with_words(
                {**few, "mask": mask[some]}, words[some]
            ).value
        done += 1
        on_pass(done, passes)
        return found

    left = np.stack([without(each) for each in cells], 1)
    is_there = seen @ cells.T
    drops = np.where(is_there, _drop(full[:, None], left), -np.inf)  # hidden: last
    order = np.argsort(-drops, axis=1, kind="stable")
    parts = np.zeros((total, cells.shape[1]))
    first = np.array([place[0] for place in features])
    hidden, before, every = np.zeros_like(seen), full, np.arange(total)
    for rank in range(len(features)):
        number = order[:, rank]
        hidden = hidden | cells[number]
        after = without(hidden) if rank else left[every, number]
        is_new = is_there[every, number]
        parts[every, first[number]] += np.where(is_new, _drop(before, after), 0.0)
        before = np.where(is_new, after, before)
    return parts.reshape(total, *head.event_shape)


def _drop(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far a score falls; 0 where it is infinite before and after."""
    with np.errstate(invalid="ignore"):
        return np.where(before == after, 0.0, before - after)


def hidden_together(head: Any) -> list[list[int]]:
    """Flat numbers of the cells of each feature: what a mask must not cut through.

    >>> from vaex.likelihoods.gaussian import Gaussian
    >>> hidden_together(Gaussian((3,)))
    [[0], [1], [2]]
    """
    fields = getattr(head, "fields", None)
    if isinstance(fields, Mapping):
        found = []
        for field in fields.values():
            place = [int(i) for i in field["columns"]]
            found += [[place[i] for i in own] for own in hidden_together(field["head"])]
        return sorted(found)
    numbers = np.arange(int(np.prod(head.event_shape)))
    if not head.joint_rank or head.marginalizes:
        return [[int(i)] for i in numbers]
    size = int(np.prod(head.event_shape[-head.joint_rank :]))
    return numbers.reshape(-1, size).tolist()


def occlusion_names(head: Any, columns: Sequence[str] = ()) -> list[str]:
    """A name for each number of flattened `occlusion_parts`: "first to last" of many.

    Args:
      head: of the model.
      columns: names along the last axis of an event with one axis, () for none.

    >>> from vaex.likelihoods.one_hot_categorical import OneHotCategorical
    >>> occlusion_names(OneHotCategorical((3,)), ["red", "green", "blue"])[0]
    'red to blue'
    """
    names = element_names(head, columns, of_event=True)
    for cells in hidden_together(head):
        if len(cells) > 1:
            names[cells[0]] = f"{names[cells[0]]} to {names[cells[-1]]}"
    return names
