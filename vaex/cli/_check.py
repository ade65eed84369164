"""What can be refused before anything compiles."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

import vaex
import vaex.likelihoods
from vaex.data.keeping import kept
from vaex.data.telling import told
from vaex.errors import InputError, Unfit
from vaex.io.parts import Parts
from vaex.likelihoods.base import Likelihood
from vaex.numerics import seed_key
from vaex.training.feed import is_streamed
from vaex.training.loop import Initial, make_initial

BLOCK = 4096
"""Examples at a time, if they are small."""

ELEMENTS = 1 << 22
"""Most elements at a time: 16 MB of float32."""


def check(parts: Parts, batch_size: int, init: Initial | None = None) -> None:
    """Holds the head's support against the data, and the parts' shapes together.

    Args:
      parts: of the run.
      batch_size: B of its steps; shapes that clash may fit for another.
      init: `make_initial` of the parts, where it is used again: it is traced once.

    Raises:
      Unfit: for values outside the support, with the heads that would fit, or
        for parts whose shapes do not.
    """
    preparation = jax.jit(lambda key, rows: parts.preparation(key, rows))
    hold = functools.partial(_hold, parts, preparation)
    for split, arrays in parts.dataset.splits.items():
        if not is_streamed(arrays) or not parts.dataset.checksum:
            hold(split)
            continue
        # A pass over what is on disk may take hours: it is made once. A part whose
        # repr is an address is never found again.
        facts = (parts.dataset.checksum, split, parts.preparation, parts.likelihood)
        key = ["support", vaex.__version__, *map(repr, facts)]
        kept(key, functools.partial(hold, split))
    train = parts.dataset.splits["train"]
    rows = {name: a[:batch_size] for name, a in train.items()}
    init = init or make_initial(parts.experiment)
    try:
        jax.eval_shape(init, seed_key(0), parts.experiment.hparams(), rows)
    except InputError as error:
        raise Unfit(str(error)) from error
    except (TypeError, ValueError, AttributeError) as error:
        first = str(error).split("\n")[0]
        raise Unfit(f"the parts do not fit together: {first}") from error


def _hold(
    parts: Parts, preparation: Callable[..., Any], split: str
) -> dict[str, np.ndarray]:
    """Holds the head's support against a split; nothing is found but what is wrong."""
    for values, mask in _prepared(parts, preparation, parts.dataset.splits[split]):
        try:
            parts.likelihood.check_support(values, mask)
        except InputError as error:
            fitting = _fitting(parts, values)
            raise Unfit(
                f"likelihood: in the {split} split, {error}{fitting}"
            ) from error
    return {}


def _prepared(parts: Parts, preparation: Callable[..., Any], arrays: Any) -> Any:
    """Prepared values and masks of a split, in blocks.

    Integer levels are prepared alike in every element, so that one example of each
    level stands for all of them where the head asks each element alone.
    """
    levels, shape = parts.dataset.num_levels, parts.dataset.event_shape
    key = seed_key(0)
    alone = parts.likelihood.support.event_rank == 0
    if levels is not None and alone and "mask" not in arrays:
        every = np.arange(levels, dtype=arrays["x"].dtype)
        every = every.reshape((levels,) + (1,) * len(shape))
        batch = preparation(key, {"x": np.broadcast_to(every, (levels, *shape))})
        yield np.asarray(batch["x"]), None
        return
    size = max(1, min(BLOCK, ELEMENTS // max(1, math.prod(shape))))
    what = "holding the likelihood's support against the data"
    for start in told(range(0, len(arrays["x"]), size), what):
        rows = {name: a[start : start + size] for name, a in arrays.items()}
        batch = preparation(key, rows)
        mask = batch.get("mask")
        yield np.asarray(batch["x"]), None if mask is None else np.asarray(mask)


def _fitting(parts: Parts, values: np.ndarray) -> str:
    """Names of the heads whose support holds these values."""
    facts = {
        "event_shape": parts.dataset.event_shape,
        "num_classes": parts.spec.num_classes,
    }
    if parts.spec.num_classes:
        facts["total_count"] = parts.spec.num_classes - 1
    names = []
    for name in dir(vaex.likelihoods):
        head = getattr(vaex.likelihoods, name)
        is_head = isinstance(head, type) and issubclass(head, Likelihood)
        if not is_head or head is Likelihood or not head.is_normalized:
            continue
        fields = head.__dataclass_fields__
        given = {k: v for k, v in facts.items() if k in fields and v is not None}
        try:
            head(**given).check_support(values)
        except InputError:  # does not fit, or is made of parts that are chosen
            continue
        names.append(head.__module__.rpartition(".")[2])
    if not names:
        return ""
    return f"; heads that fit these values: likelihood={', '.join(names)}"
