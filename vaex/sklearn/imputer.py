"""Missing cells of a table."""

from typing import Any, Self

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_random_state

from vaex.errors import InputError
from vaex.sklearn._estimator import VAEEstimator
from vaex.sklearn._imputing import imputed
from vaex.sklearn._reading import read


class VAEImputer(OneToOneFeatureMixin, TransformerMixin, VAEEstimator):
    """Missing cells filled in by a variational autoencoder of the observed ones.

    Trained on the observed cells by the importance-weighted bound of `num_importance`
    samples (MIWAE). A missing number becomes E[x|observed], a missing category the most
    probable one, a missing 0 or 1 its probability rounded; observed cells stay as they
    are. A column that was never observed has nothing to go by and becomes 0.

    Args:
      num_importance: samples of the bound in training; 1 is the ELBO.
      num_samples: samples of self-normalised importance sampling in `transform`.
      sample_posterior: draw from p(missing|observed) in place of its mean, for multiple
        imputation: anew in each call, unless `random_state` is an integer.
      **options: of `VAEEstimator`; defaults and reasons in docs/sklearn.md.

    Source: Mattei, Frellsen, "MIWAE: Deep Generative Modelling and Imputation of
      Incomplete Data Sets", ICML 2019, https://arxiv.org/abs/1812.02633.

    >>> X = np.random.default_rng(0).normal(size=(30, 3))
    >>> X[0, 1] = np.nan
    >>> small = {"latent_dim": 2, "hidden": (4,), "num_steps": 10, "num_samples": 4}
    >>> model = VAEImputer(**small, num_importance=1, random_state=0)
    >>> bool(np.isfinite(model.fit_transform(X)).all())
    True
    """

    def __init__(
        self,
        *,
        num_importance: int = 5,
        num_samples: int = 256,
        sample_posterior: bool = False,
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
        self.num_importance = num_importance
        self.num_samples = num_samples
        self.sample_posterior = sample_posterior

    def fit(self, X: Any, y: Any = None) -> Self:
        """Trains the autoencoder on the observed cells.

        Args:
          X: [N, d] numbers, or a data frame; NaN where missing.
          y: not used.
        """
        del y
        table, _ = read(self, X, fitting=True)
        self._fit_members(table, num_samples=self.num_importance, check=_check_density)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """X with its missing cells filled in, [N, d].

        Float64, or objects where columns have labels.
        """
        rows = self._read(X)
        table, _ = read(self, X, fitting=False)
        seed = 0
        if self.sample_posterior:
            state = check_random_state(self.random_state)
            seed = int(state.randint(2**31 - 1))
        found = imputed(
            self._program,
            self.members_[0],
            rows,
            num_samples=self.num_samples,
            seed=seed,
            draw=self.sample_posterior,
        )
        places = list(self.table_.places)
        for place, column in zip(places, self.table_.columns, strict=True):
            if column.is_empty:
                found[:, place] = 0.0
            elif column.kind == "binary":
                found[:, place] = np.rint(found[:, place])
        filled = self.table_.values(np.where(rows["mask"], rows["x"], found))
        seen = rows["mask"][:, places]
        given = np.stack([column.values for column in table], axis=1)
        return np.where(seen, given, filled).astype(filled.dtype)


def _check_density(model: Any) -> None:
    """Refuses a head that is a loss: it has no importance weights."""
    head = model.likelihood
    if not head.is_normalized:
        raise InputError(
            f"likelihood {type(head).__name__} is a loss without a density; use "
            f"{head.normalized_instead}"
        )
