"""The nearest of the words that there are."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A did-you-mean clause, or nothing."""
    words = list(words)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if not near:  # the last part alone, for a right key in a wrong place
        tail = word.rpartition(".")[2]
        tails = {w.rpartition(".")[2]: w for w in words}
        near = [
            tails[t] for t in difflib.get_close_matches(tail, tails, n=1, cutoff=0.7)
        ]
    return f"; did you mean {near[0]}?" if near else ""


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
