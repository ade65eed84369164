"""Classes of a table of which few rows are labelled."""

from typing import Any, Self

import flax.linen as nn
import jax
import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from vaex.errors import InputError
from vaex.evaluation.generate import BLOCK
from vaex.sklearn._estimator import VAEEstimator
from vaex.sklearn._reading import read

ENOUGH = 10
"""Labelled rows a class from which some of them are held out too."""


class VAEClassifier(ClassifierMixin, VAEEstimator):
    """Semi-supervised classification: rows without a label help to shape the classes.

    The autoencoder M2, p(x|y, z), with q(y|x) as the classifier; the sum over the
    classes of unlabelled rows is exact. Where some rows are labelled and some are not,
    half of each batch is of either. Every step costs as many rows as there are classes.

    Args:
      label_weight: of -log q(y|x) of a labelled row, in nats; None: one for each
        column, so that labels weigh as much as the reconstruction.
      **options: of `VAEEstimator`; defaults and reasons in docs/sklearn.md.

    Attributes:
      classes_: labels, without the mark of unlabelled rows.

    Source: Kingma, Rezende, Mohamed, Welling, "Semi-supervised Learning with Deep
      Generative Models", NeurIPS 2014, https://arxiv.org/abs/1406.5298.

    >>> X = np.random.default_rng(0).normal(size=(30, 2)) + 9 * np.eye(2)[[0, 1] * 15]
    >>> y = np.array([0, 1] + [-1] * 28)
    >>> small = {"hidden": (4,), "likelihood": "Gaussian", "num_steps": 10}
    >>> model = VAEClassifier(**small, random_state=0).fit(X, y)
    >>> model.predict_proba(X).shape
    (30, 2)
    """

    def __init__(
        self,
        *,
        label_weight: float | None = None,
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
        self.label_weight = label_weight

    def fit(self, X: Any, y: Any) -> Self:
        """Trains the autoencoder and the classifier.

        Args:
          X: [N, d] numbers, or a data frame; NaN where missing.
          y: [N] labels; -1 (or None, among labels that are text) where there is none.
            Where there are no two other labels, -1 is itself a class: 1 and -1.
        """
        table, y = read(self, X, fitting=True, y=y)
        y = np.asarray(y)
        unlabelled = _unlabelled(y)
        if not (y != -1).any():
            raise InputError("y must hold a label for one row at least, got only -1")
        check_classification_targets(y[~unlabelled])
        self.classes_, known = np.unique(
            np.array(y[~unlabelled].tolist()), return_inverse=True
        )
        label = np.full(len(y), -1)
        label[~unlabelled] = known
        few = (~unlabelled).sum() < ENOUGH * len(self.classes_)
        weight = self.label_weight
        self._fit_members(
            table,
            label=label,
            num_classes=max(2, len(self.classes_)),
            may_hold_out=unlabelled if few and unlabelled.any() else None,
            may_be_independent=False,
            weights={"label_weight": float(len(table) if weight is None else weight)},
        )
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """q(y|x), [N, C] in the order of `classes_`."""
        rows, program = self._read(X), self._program
        if "classify" not in program.kept:
            program.kept["classify"] = jax.jit(_classifying(program))
        total, found = len(rows["x"]), []
        for start in range(0, total, BLOCK):
            index = np.minimum(np.arange(start, start + BLOCK), total - 1)
            few = {name: values[index] for name, values in rows.items()}
            found.append(np.asarray(program.kept["classify"](self.members_[0], few)))
        logits = np.concatenate(found)[:total, : len(self.classes_)]
        shares = np.exp(logits - logits.max(1, keepdims=True), dtype=np.float64)
        return shares / shares.sum(1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row, [N]."""
        shares = self.predict_proba(X)
        return self.classes_[shares.argmax(1)]


def _classifying(program: Any) -> Any:
    def logits(variables: Any, rows: Any) -> Any:
        batch = program.preparation(jax.random.key(0), rows)
        found = nn.apply(lambda bound: bound.class_logits(batch), program.model)
        return found(variables)

    return logits


def _unlabelled(y: np.ndarray) -> np.ndarray:
    """Which labels are none: -1 among numbers, -1 or None among objects."""
    found = np.zeros(len(y), bool)
    if y.dtype.kind in "iuf":
        found = y == -1
    elif y.dtype == object:
        found = np.array([label is None or label == -1 for label in y], bool)
    is_sign = len(set(y[~found].tolist())) < 2 and None not in y.tolist()
    return np.zeros(len(y), bool) if is_sign else found
