"""MIG: how much more the best code knows of a factor than the next.

N examples, L latent, F factors.
"""

import numpy as np

from vaex.metrics.mutual_information import (
    BINS,
    factor_entropy,
    factor_information,
)


def mutual_information_gap(
    codes: np.ndarray, factors: np.ndarray, *, bins: int = BINS
) -> float:
    """MIG: mean over factors of (I of the best code - I of the next) / H(factor).

    Args:
      codes: [N, L] of the examples, the posterior's means as a rule.
      factors: [N, F] integers.
      bins: see `factor_information`, by which it is computed.

    Returns:
      From 0 to 1: 1 where each factor is told by one code, and by no other in part.
      With one code the next best knows nothing.

    Raises:
      InputError: if codes and factors do not fit.

    Hazards: 0 for a factor that two codes tell alike, as the angle of a periodic factor
      by sine and cosine. Depends on `bins`, and on N where it is small.

    Differs from the paper: means and bins in place of samples z ~ q(z|x) and their
      densities, as in disentanglement_lib, whose data are those that the model was
      trained on: give a held-out split.

    Source: Chen, Li, Grosse, Duvenaud, "Isolating Sources of Disentanglement in
      Variational Autoencoders", NeurIPS 2018, https://arxiv.org/abs/1802.04942; bins as
      in Locatello et al., "Challenging Common Assumptions in the Unsupervised Learning
      of Disentangled Representations", ICML 2019, https://arxiv.org/abs/1811.12359

    >>> factors = np.indices((3, 4)).reshape(2, -1).T
    >>> mutual_information_gap(-2.0 * factors[:, ::-1], factors)
    1.0
    """
    information = factor_information(codes, factors, bins=bins)
    return float(gap_of(information, factor_entropy(np.asarray(factors))).mean())


def gap_of(information: np.ndarray, entropy: np.ndarray) -> np.ndarray:
    """The gap of each factor [F], from I [L, F] and H [F].

    >>> gap_of(np.array([[0.5, 0.0], [0.25, 1.0]]), np.ones(2)).tolist()
    [0.25, 1.0]
    """
    padded = np.concatenate([information, np.zeros((1, information.shape[1]))])
    best = np.sort(padded, 0)[::-1]
    return (best[0] - best[1]) / entropy
