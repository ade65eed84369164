"""Density of a table."""

from typing import Any, Self

import jax
import numpy as np
from sklearn.base import DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from vaex.anomaly.negative_log_marginal import NegativeLogMarginal
from vaex.errors import InputError
from vaex.evaluation.generate import sample_prior
from vaex.numerics import named_fold
from vaex.sklearn._estimator import VAEEstimator
from vaex.sklearn._reading import read
from vaex.sklearn._scoring import scored


class VAEDensity(DensityMixin, VAEEstimator):
    """log p(x) of a variational autoencoder, and draws from it.

    Densities are those of the table in its own units: of continuous columns per unit,
    of binary, count and categorical ones probabilities. Missing cells are left out:
    the density is that of the others.

    Args:
      num_samples: posterior samples of the importance-weighted estimate, which is
        below log p(x) in expectation, less so the more there are.
      **options: of `VAEEstimator`; defaults and reasons in docs/sklearn.md.

    Source: Burda, Grosse, Salakhutdinov, "Importance Weighted Autoencoders", ICLR 2016,
      https://arxiv.org/abs/1509.00519, the estimate.

    >>> X = np.random.default_rng(0).normal(size=(30, 3))
    >>> small = {"latent_dim": 2, "hidden": (4,), "num_steps": 10, "num_samples": 4}
    >>> model = VAEDensity(**small, random_state=0).fit(X)
    >>> model.score_samples(X).shape, model.sample(2, random_state=0).shape
    ((30,), (2, 3))
    """

    def __init__(
        self,
        *,
        num_samples: int = 256,
        latent_dim: int | None = None,
        hidden: tuple[int, ...] | None = None,
        likelihood: Any = None,
        num_steps: int = 5000,
        learning_rate: float = 2e-3,
        batch_size: int = 128,
        validation_fraction: float = 0.1,
        patience: int = 5,
        unknown: str = "error",
        random_state: Any = None,
        verbose: int = 0,
    ):
        super().__init__(
            latent_dim=latent_dim,
            hidden=hidden,
            likelihood=likelihood,
            num_steps=num_steps,
            learning_rate=learning_rate,
            batch_size=batch_size,
            validation_fraction=validation_fraction,
            patience=patience,
            unknown=unknown,
            random_state=random_state,
            verbose=verbose,
        )
        self.num_samples = num_samples

    def fit(self, X: Any, y: Any = None) -> Self:
        """Trains the autoencoder.

        Args:
          X: [N, d] numbers, or a data frame; NaN where missing.
          y: not used.
        """
        del y
        table, _ = read(self, X, fitting=True)
        self._fit_members(table, check=NegativeLogMarginal().check)
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """Importance-weighted log p(x) of each row, [N] nats."""
        rows = self._read(X)
        found = scored(
            self._program,
            self.members_,
            [NegativeLogMarginal()],
            rows,
            num_samples=self.num_samples,
        )
        return self.table_.log_det(rows["mask"]) - found.value

    def score(self, X: Any, y: Any = None) -> float:
        """Mean of `score_samples`, nats a row."""
        del y
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1, random_state: Any = None) -> np.ndarray:
        """Draws x ~ p(x), [n_samples, d] in the table's units.

        Float64, or objects where columns have labels.

        Args:
          n_samples: how many.
          random_state: as everywhere in scikit-learn; None draws anew each time.
        """
        check_is_fitted(self)
        if n_samples < 1:
            raise InputError(f"n_samples must be at least 1, got {n_samples}")
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        key = named_fold(jax.random.key(seed), "samples")
        program = self._program
        parts = (program.model, self.members_[0], program.preparation)
        return self.table_.values(sample_prior(*parts, key, n_samples)[0])
