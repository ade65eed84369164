"""A mixture of Gaussians fitted to the latents of the training set."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from vaex.errors import InputError
from vaex.samplers._latents import check_latents


@dataclass(frozen=True)
class GaussianMixture:
    """Mixture of full-covariance Gaussians, by scikit-learn's EM.

    Attributes:
      num_components: K; the source takes 10.

    Source: Ghosh, Sajjadi, Vergari, Black, Scholkopf, "From Variational to
      Deterministic Autoencoders", ICLR 2020, https://arxiv.org/abs/1903.12436.

    >>> z = np.random.default_rng(0).normal(size=(100, 2))
    >>> GaussianMixture(num_components=2)(z, 5, seed=0).shape
    (5, 2)
    """

    num_components: int = 10

    def __post_init__(self) -> None:
        if self.num_components < 1:
            raise InputError(
                f"num_components must be at least 1, got {self.num_components}"
            )

    def __call__(self, z: np.ndarray, num: int, seed: int) -> np.ndarray:
        """Fits to latents z [N, L] and draws.

        Args:
          z: [N, L], N at least the number of components.
          num: draws.
          seed: of the fit and of the draws.

        Returns:
          [num, L] float32, in random order.

        Raises:
          InputError: if z is not one real vector each, or there are more components
            than latents.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture as Mixture

        check_latents(z)
        if len(z) < self.num_components:
            raise InputError(
                f"num_components must be at most the {len(z)} latents that there are, "
                f"got {self.num_components}"
            )
        fitted: Any = Mixture(self.num_components, random_state=seed, max_iter=300)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted.fit(np.asarray(z, np.float64))
        # Drawn here: scikit-learn's draws come sorted by component.
        generator = np.random.default_rng(seed)
        component = generator.choice(len(fitted.weights_), num, p=fitted.weights_)
        roots = np.linalg.cholesky(fitted.covariances_)[component]
        noise = generator.normal(size=(num, z.shape[1]))
        drawn = fitted.means_[component] + np.einsum("nij,nj->ni", roots, noise)
        return drawn.astype(np.float32)
