"""Outliers of a table."""

from typing import Any, Self

import numpy as np
from scipy.special import erf
from sklearn.base import OutlierMixin
from sklearn.utils.validation import check_is_fitted

from vaex.anomaly.p_values import conformal_p_values
from vaex.anomaly.reconstruction_probability import ReconstructionProbability
from vaex.anomaly.scores import Scores
from vaex.anomaly.thresholds import contamination_threshold
from vaex.errors import InputError
from vaex.likelihoods.logistic import Logistic
from vaex.sklearn._estimator import VAEEstimator
from vaex.sklearn._fitting import taken
from vaex.sklearn._reading import read
from vaex.sklearn._scoring import occluded, score_of, scored

COARSEST = 0.15
"""Least scale of a continuous column given z, in robust standard deviations of all
rows: for the logistic distribution a standard deviation of 0.27."""

MOST_SCORED = 20_000
"""Rows of the training data that the threshold is taken from, at most."""


class VAEDetector(OutlierMixin, VAEEstimator):
    """Outlier detection by a score of variational autoencoders.

    Scores are the same bits for a row in any batch and order. They are in the unit of
    the score (nats), with continuous columns in robust standard deviations; missing
    cells are left out.

    Args:
      anomaly_score: name or object of `vaex.anomaly`: "elbo", "reconstruction",
        "log_marginal", ...
      contamination: share of the training rows that `predict` calls outliers.
      num_models: trained from different seeds; their scores are averaged.
      num_samples: posterior samples of a row and a model.
      tolerance: standard error of a model's score at which sampling goes on no longer;
        None: `num_samples`.
      unknown: what a value counts that its column cannot hold, such as a category that
        was not there in training: "score": log(N + 1) nats, N the training rows, as a
        value that none of N rows had has about that probability (the rule of
        succession), the rest of the row being scored without it; "error"; or "mask", as
        if it were missing, as it is too where the score is not in nats.
      **options: of `VAEEstimator`; defaults and reasons in docs/sklearn.md.

    Attributes:
      offset_: `decision_function` is `score_samples` minus this.
      calibration_: scores of the held-out rows, for `p_values`.

    Source: An, Cho, "Variational Autoencoder based Anomaly Detection using
      Reconstruction Probability", SNU Data Mining Center technical report, 2015.

    >>> X = np.random.default_rng(0).normal(size=(40, 3))
    >>> small = {"latent_dim": 2, "hidden": (4,), "num_steps": 10, "num_samples": 4}
    >>> model = VAEDetector(**small, random_state=0)
    >>> int((model.fit_predict(X) == -1).sum())
    4
    """

    def __init__(
        self,
        *,
        anomaly_score: Any = "elbo",
        contamination: float = 0.1,
        num_models: int = 3,
        num_samples: int = 64,
        tolerance: float | None = None,
        latent_dim: int | None = None,
        hidden: tuple[int, ...] | None = None,
        likelihood: Any = None,
        num_steps: int = 5000,
        learning_rate: float = 2e-3,
        batch_size: int = 128,
        validation_fraction: float = 0.1,
        patience: int = 5,
        unknown: str = "score",
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
        self.anomaly_score = anomaly_score
        self.contamination = contamination
        self.num_models = num_models
        self.num_samples = num_samples
        self.tolerance = tolerance

    _unknowns = ("score", "error", "mask")

    _continuous = Logistic(min_scale=COARSEST)

    def fit(self, X: Any, y: Any = None) -> Self:
        """Trains the models, and finds the threshold.

        Args:
          X: [N, d] numbers, or a data frame; NaN where missing.
          y: not used.
        """
        del y
        if not 0 < self.contamination <= 0.5:
            raise InputError(
                f"contamination must lie in (0, 0.5], got {self.contamination!r}"
            )
        if self.tolerance is not None and not self.tolerance > 0:
            raise InputError(
                f"tolerance must be above 0 or None, got {self.tolerance!r}"
            )
        score = score_of(self.anomaly_score)
        table, _ = read(self, X, fitting=True)
        rows, held_out = self._fit_members(
            table, count=self.num_models, check=score.check
        )
        program, trained = self._program, np.arange(len(rows["x"]))
        trained = np.setdiff1d(trained, held_out)
        self.scores_ = [
            score.fit(
                program.model,
                variables,
                program.preparation,
                taken(rows, trained),
                seed=self.seed_ % 2**31,
            )
            for variables in self.members_
        ]
        total = len(rows["x"])
        self.num_rows_ = total
        known = np.arange(total)
        if total > MOST_SCORED:
            known = np.random.default_rng([self.seed_, 3]).permutation(total)
            known = np.sort(known[:MOST_SCORED])
        values = self._scored(taken(rows, known)).value
        self.offset_ = -contamination_threshold(values, self.contamination)
        self.location_, self.spread_ = float(values.mean()), float(values.std())
        self.calibration_ = np.zeros(0)
        if len(held_out):
            self.calibration_ = self._scored(taken(rows, held_out)).value
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """Minus the score, [N]: lower is more anomalous, as in scikit-learn."""
        return self.score_with_error(X)[0]

    def score_with_error(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """`score_samples` and its Monte-Carlo standard error, [N] each."""
        rows, extra = self._read_all(X)
        found = self._scored(rows)
        return -(found.value + extra.sum(1)), found.se

    def decision_function(self, X: Any) -> np.ndarray:
        """`score_samples` minus `offset_`, [N]: below 0 for outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """-1 for outliers, 1 for inliers, [N]."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def predict_proba(self, X: Any) -> np.ndarray:
        """How normal and how anomalous a row is, [N, 2], in [0, 1] and of sum 1.

        max(0, erf((s - mean) / (sqrt(2) std))) of the score s, by mean and standard
        deviation over the training rows. A scaling for people and for combining
        detectors, not a calibrated probability; `p_values` are calibrated.

        Source: Kriegel, Kroger, Schubert, Zimek, "Interpreting and Unifying Outlier
          Scores", SDM 2011, https://doi.org/10.1137/1.9781611972818.2.
        """
        distance = -self.score_samples(X) - self.location_
        odd = np.maximum(0.0, erf(distance / (np.sqrt(2) * max(self.spread_, 1e-300))))
        return np.stack([1 - odd, odd], axis=1)

    def p_values(self, X: Any) -> np.ndarray:
        """Conformal p-values against the held-out rows, [N].

        At most a share t of normal rows has a p-value of t or less, where held-out rows
        are normal. They ended training and were not trained on.

        Raises:
          InputError: if no row was held out.
        """
        check_is_fitted(self)
        if not len(self.calibration_):
            raise InputError(
                "p_values needs held-out rows, of which there are none: fit on 20 rows "
                "or more with validation_fraction above 0"
            )
        return conformal_p_values(self.calibration_, -self.score_samples(X))

    def attribution(self, X: Any, *, occlusion: bool = True) -> np.ndarray:
        """How many nats of the score each column is to blame for, [N, d].

        Args:
          X: [N, d].
          occlusion: hide columns one after another, the oddest first: parts that sum to
            the score, of scores that are densities, for 2 d times its cost
            (`vaex.anomaly.occlusion_parts`). False: the columns' own -E_q log p(x_d|z),
            which says which are rebuilt badly; an odd value spoils others too.

        Returns:
          Nats; 0 for missing cells.

        Raises:
          InputError: if columns cannot be hidden, or the head scores rows as a whole.
        """
        rows, extra = self._read_all(X)
        if occlusion:
            found = occluded(
                self._program, self.members_, self.scores_, rows, **self._how
            )
        else:
            own: Any = [ReconstructionProbability()] * len(self.members_)
            found = self._scored(rows, own).attribution
        if found is None or found.shape[1:] != (self.table_.width,):
            raise InputError(
                "attribution needs a head that scores each column by itself, not "
                f"{self.likelihood!r}"
            )
        return found[:, list(self.table_.places)].astype(np.float64) + extra

    def _read_all(self, X: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Rows for the model, and nats [N, d] of the values that it cannot be given."""
        check_is_fitted(self)
        table, _ = read(self, X, fitting=False)
        rows = self.table_.rows(table, unknown=self.unknown)
        unheld = self.table_.unheld(table).astype(np.float64)
        in_nats = score_of(self.anomaly_score).unit == "nats"
        counts = self.unknown == "score" and in_nats
        return rows, unheld * np.log(self.num_rows_ + 1.0) * counts

    @property
    def _how(self) -> dict[str, Any]:
        return {"num_samples": self.num_samples, "tolerance": self.tolerance}

    def _scored(self, rows: dict[str, np.ndarray], scores: Any = None) -> Scores:
        own = scores or self.scores_
        return scored(self._program, self.members_, own, rows, **self._how)
