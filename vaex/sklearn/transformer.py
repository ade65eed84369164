"""Latent features of a table."""

from typing import Any, Self

import jax
import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from vaex.errors import InputError
from vaex.evaluation.generate import decode_mean, encode_means
from vaex.sklearn._estimator import VAEEstimator
from vaex.sklearn._reading import read


class VAETransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, VAEEstimator):
    """Latent variables of a variational autoencoder as features.

    `transform` gives the mean of q(z|x), `inverse_transform` what p(x|z) expects. All
    arguments are those of `VAEEstimator`; defaults and reasons in docs/sklearn.md.

    Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
      https://arxiv.org/abs/1312.6114.

    >>> X = np.random.default_rng(0).normal(size=(30, 3))
    >>> small = {"latent_dim": 2, "hidden": (4,), "num_steps": 10}
    >>> model = VAETransformer(**small, random_state=0).fit(X)
    >>> model.transform(X).shape
    (30, 2)
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Trains the autoencoder.

        Args:
          X: [N, d] numbers, or a data frame; NaN where missing.
          y: not used.
        """
        del y
        table, _ = read(self, X, fitting=True)
        self._fit_members(table, may_be_independent=False)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Mean of q(z|x), [N, L] float64."""
        rows, program = self._read(X), self._program
        parts = (program.model, self.members_[0], program.preparation)
        return encode_means(*parts, jax.random.key(0), rows).astype(np.float64)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """What p(x|z) expects for latent variables, [N, d] in the table's units.

        Means; where some columns have categories, of all columns the mode. Float64,
        or objects where there are labels.

        Args:
          X: [N, L].
        """
        check_is_fitted(self)
        z = check_array(X, input_name="X").astype(np.float32)
        wanted = self.structure_.latent_dim
        if z.shape[1] != wanted:
            raise InputError(
                f"X must hold {wanted} latent variables, got {z.shape[1]}; pass what "
                "transform returned"
            )
        program = self._program
        parts = (program.model, self.members_[0], program.preparation)
        return self.table_.values(decode_mean(*parts, z))

    @property
    def _n_features_out(self) -> int:
        return self.structure_.latent_dim
