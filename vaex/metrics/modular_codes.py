"""Modularity: does a code depend on one factor alone?

N examples, L latent, F factors.
"""

import numpy as np

from vaex.metrics.mutual_information import BINS, factor_information

_NOTHING = 1e-24
"""Nats squared: what rounding leaves of no information."""


def modularity(codes: np.ndarray, factors: np.ndarray, *, bins: int = BINS) -> float:
    """Modularity: how far each code is from depending on one factor alone.

    The mean over codes of 1 - sum of I^2 with the other factors / ((F - 1) the largest
    I^2).

    Args:
      codes: [N, L] of the examples, the posterior's means as a rule.
      factors: [N, F] integers, F at least 2.
      bins: see `factor_information`, by which it is computed.

    Returns:
      From 0 (every code knows all factors alike) to 1; 0 where no code knows anything.

    Raises:
      InputError: if codes and factors do not fit.

    Hazards: it asks nothing of codes together: L copies of one factor have 1. A code
      that is noise knows of each factor what the counting errs by, which differs with
      the factor's number of values: leave collapsed dimensions out.

    Differs from disentanglement_lib: a code that knows nothing (no variance) is left
      out; there it counts as 0.

    Source: Ridgeway, Mozer, "Learning Deep Disentangled Embeddings With the F-Statistic
      Loss", NeurIPS 2018, https://arxiv.org/abs/1802.05312

    >>> factors = np.indices((3, 4)).reshape(2, -1).T
    >>> modularity(-2.0 * factors[:, ::-1], factors)
    1.0
    """
    return modularity_of(factor_information(codes, factors, bins=bins))


def modularity_of(information: np.ndarray) -> float:
    """The same of I [L, F].

    >>> modularity_of(np.array([[2.0, 1.0], [0.0, 3.0], [0.0, 0.0]]))
    0.875
    """
    squares = information**2
    largest = squares.max(1)
    knows = largest > _NOTHING
    others = information.shape[1] - 1
    if not knows.any() or others < 1:
        return 0.0
    rest = squares[knows].sum(1) - largest[knows]
    return float((1.0 - rest / (others * largest[knows])).mean())
