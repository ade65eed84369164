"""All metrics of disentanglement of the same codes, with their spread.

N examples, L latent, F factors.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from vaex.metrics._inputs import check_at_least, represented, varying
from vaex.metrics.attribute_predictability import separated_predictability
from vaex.metrics.factor_importance import dci
from vaex.metrics.fixed_factor_differences import beta_vae_score
from vaex.metrics.fixed_factor_variances import factor_vae_score
from vaex.metrics.information_gap import gap_of
from vaex.metrics.modular_codes import modularity_of
from vaex.metrics.mutual_information import BINS, binned, factor_entropy, information_of

RESAMPLES = 100
"""Of the examples, for the standard errors of MIG and Modularity."""


def disentanglement_scores(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    seed: int = 0,
    repeats: int = 3,
    min_deviation: float = 0.0,
    bins: int = BINS,
    classifier: Callable[[int], Any] | None = None,
) -> dict[str, dict[str, Any]]:
    """beta-VAE, FactorVAE, MIG, SAP, DCI and Modularity scores.

    Args:
      codes: [N, L] of the examples, the posterior's means as a rule.
      factors: [N, F] integers.
      seed: of draws, halves and resamples.
      repeats: of the scores that draw or learn, each with draws and halves of its own.
      min_deviation: codes whose standard deviation over the examples is below it, in
        the units of the codes, are collapsed and left out.
      bins: of a code, for MIG and Modularity.
      classifier: of `dci`.

    Returns:
      Name -> {"value", "se", "unit"}. `se` is, for scores that draw or learn, the
      standard deviation over the repeats, of one of them: the repeats share examples,
      so their mean may be no better. For MIG and Modularity it is that of the bootstrap
      over examples. Neither tells how another training of the model would score, which
      as a rule differs by more. `chance` is given where a score has one that is not 0,
      and `active_codes` says how many codes are left. If none is, values are None and
      there is a "reason".

    Raises:
      InputError: if codes and factors do not fit, or there are too few examples.

    Source: of each, see its function: `beta_vae_score`, `factor_vae_score`,
      `mutual_information_gap`, `separated_predictability`, `dci`, `modularity`.

    >>> factors = np.tile(np.indices((2, 2)).reshape(2, -1).T, (9, 1))
    >>> scores = disentanglement_scores(factors + 0.5, factors, repeats=2)
    >>> sorted({round(score["value"], 3) for score in scores.values()})
    [1.0, 2]
    """
    codes, factors, _ = represented(codes, factors)
    check_at_least("repeats", repeats, 1)
    kept = varying(codes) & (codes.std(0) >= min_deviation)
    active = {"value": int(kept.sum()), "se": None, "unit": "codes", "of": len(kept)}
    active |= {"min_deviation": min_deviation}
    if not kept.any():
        reason = f"no code has a standard deviation of {min_deviation:g} or more"
        none = {"value": None, "se": None, "unit": "score", "reason": reason}
        return {name: dict(none) for name in NAMES} | {"active_codes": active}
    codes = codes[:, kept]
    chance = 1.0 / factors.shape[1]
    commonest = [np.bincount(column).max() / len(column) for column in factors.T]
    seeds = range(seed, seed + repeats)
    three = [dci(codes, factors, seed=s, classifier=classifier)[:3] for s in seeds]
    d, c, i = np.array(three).T
    mig, modular = _informed(codes, factors, bins, seed)
    found = {
        "beta_vae": _repeated(beta_vae_score, codes, factors, seeds)
        | {"chance": chance},
        "factor_vae": _repeated(factor_vae_score, codes, factors, seeds)
        | {"chance": chance},
        "mig": mig,
        "sap": _repeated(separated_predictability, codes, factors, seeds),
        "dci_disentanglement": _spread(d),
        "dci_completeness": _spread(c),
        "dci_informativeness": _spread(i) | {"chance": float(np.mean(commonest))},
        "modularity": modular,
    }
    return found | {"active_codes": active}


NAMES = (
    "beta_vae",
    "factor_vae",
    "mig",
    "sap",
    "dci_disentanglement",
    "dci_completeness",
    "dci_informativeness",
    "modularity",
)
"""Of the scores."""


def _repeated(
    score: Callable[..., float],
    codes: np.ndarray,
    factors: np.ndarray,
    seeds: range,
) -> dict[str, Any]:
    values = [score(codes, factors, seed=seed) for seed in seeds]
    return _spread(np.array(values))


def _spread(values: np.ndarray) -> dict[str, Any]:
    se = float(values.std(ddof=1)) if len(values) > 1 else None
    return {"value": float(values.mean()), "se": se, "unit": "score"}


def _informed(
    codes: np.ndarray, factors: np.ndarray, bins: int, seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """MIG and Modularity, with the bootstrap's standard errors."""
    integers = binned(codes, bins)

    def scores(rows: np.ndarray | slice) -> tuple[float, float]:
        information = information_of(integers[rows], factors[rows])
        entropy = np.maximum(factor_entropy(factors[rows]), _LEAST)
        return float(gap_of(information, entropy).mean()), modularity_of(information)

    values = scores(slice(None))
    random = np.random.default_rng(seed)
    draws = random.integers(0, len(codes), (RESAMPLES, len(codes)))
    errors = np.array([scores(rows) for rows in draws]).std(0, ddof=1)
    mig, modular = (
        {"value": value, "se": float(error), "unit": "score"}
        for value, error in zip(values, errors, strict=True)
    )
    return mig, modular


_LEAST = 1e-12
"""Nats, of a resample in which a factor has one value only."""
