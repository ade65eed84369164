"""Scores by the names that the command line has for them."""

import importlib
import pkgutil

import vaex.anomaly
from vaex.anomaly.base import Score
from vaex.errors import InputError


def score_names() -> dict[str, type[Score]]:
    """Name -> class, of every file in this folder.

    >>> sorted(score_names())[:3]
    ['elbo', 'error', 'log_marginal']
    """
    found = {}
    for module in pkgutil.iter_modules(vaex.anomaly.__path__):
        if module.name.startswith("_"):
            continue
        file = importlib.import_module(f"vaex.anomaly.{module.name}")
        for kind in vars(file).values():
            is_score = isinstance(kind, type) and issubclass(kind, Score)
            is_own = is_score and kind.__module__ == file.__name__
            if is_own and kind is not Score and not kind.__name__.startswith("_"):
                found[kind.name] = kind
    return found


def score_named(name: str) -> Score:
    """The score of a name, with its defaults.

    Raises:
      InputError: with the names that there are.

    >>> score_named("reconstruction")
    ReconstructionProbability()
    """
    known = score_names()
    if name not in known:
        raise InputError(f"score must be one of {sorted(known)}, got {name!r}")
    return known[name]()
