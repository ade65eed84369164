"""One Gaussian fitted to the latents of the training set."""

from dataclasses import dataclass

import numpy as np

from vaex.errors import InputError
from vaex.samplers._latents import check_latents


@dataclass(frozen=True)
class Gaussian:
    """N(mean, covariance) of the latents.

    Closes the gap between the prior and the aggregate posterior to second order, for
    models whose training does not (deterministic ones, small beta).

    Source: Ghosh, Sajjadi, Vergari, Black, Scholkopf, "From Variational to
      Deterministic Autoencoders", ICLR 2020, https://arxiv.org/abs/1903.12436, where
      densities are fitted to the latents after training.

    >>> z = np.random.default_rng(0).normal(size=(100, 2))
    >>> Gaussian()(z, 5, seed=0).shape
    (5, 2)
    """

    def __call__(self, z: np.ndarray, num: int, seed: int) -> np.ndarray:
        """Fits to latents z [N, L] and draws.

        Args:
          z: [N, L], N >= 2.
          num: draws.
          seed: of the draws; the first ones are the same for any number.

        Returns:
          [num, L] float32.

        Raises:
          InputError: if z is not one real vector each, or there are fewer than two.
        """
        check_latents(z)
        if len(z) < 2:
            raise InputError(f"a Gaussian needs two latents at least, got {len(z)}")
        z = np.asarray(z, np.float64)
        covariance = np.cov(z.T, bias=True).reshape(z.shape[1], z.shape[1])
        # The root by eigenvalues, some of which may be 0: units that are not used.
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        noise = np.random.default_rng(seed).normal(size=(num, z.shape[1]))
        return (z.mean(0) + noise @ root.T).astype(np.float32)
