"""The nearest of the words that there are."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A did-you-mean clause, or nothing."""
    place, _, tail = word.rpartition(".")
    tails = {w: w.rpartition(".")[2] for w in words}
    beside = {tails[w]: w for w in tails if w.rpartition(".")[0] == place}
    anywhere = {w: w for w in tails if _alike(tail, tails[w])}
    by_tail = {end: w for w, end in tails.items()}  # a right key in a wrong place
    for sought, known, cutoff in (
        (tail, beside, 0.6),
        (word, anywhere, 0.6),
        (tail, by_tail, 0.7),
    ):
        near = difflib.get_close_matches(sought, known, n=1, cutoff=cutoff)
        if near:
            return f"; did you mean {known[near[0]]}?"
    return ""


def _alike(a: str, b: str) -> bool:
    return difflib.SequenceMatcher(None, a, b).ratio() >= 0.6


def paths(node: Any, prefix: str = "") -> Iterator[str]:
    """Dotted keys of a configuration, parts before what is in them."""
    from omegaconf import DictConfig, OmegaConf

    for key in node:
        path = f"{prefix}{key}"
        yield path
        if not OmegaConf.is_missing(node, key):
            child = node[key]
            if isinstance(child, DictConfig):
                yield from paths(child, path + ".")
