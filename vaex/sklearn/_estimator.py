"""What all estimators share: arguments, defaults from the data, fitting."""

import numbers
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood
from vaex.likelihoods.student_t import StudentT
from vaex.sklearn._columns import fitted_columns
from vaex.sklearn._fitting import Options, fit, split, taken
from vaex.sklearn._program import Program, program_of
from vaex.sklearn._reading import Values, read
from vaex.sklearn._saving import write
from vaex.sklearn._structure import MIN_SCALE, Structure
from vaex.sklearn._table import Table, bucket

Rows = dict[str, np.ndarray]

MOST_LATENTS = 16
"""Latent dimensions that wide tables get; the rate prunes those that say nothing."""

WIDE = 32
"""Columns of a model from which networks are 128 wide, else 64."""


class VAEEstimator(BaseEstimator):
    """Arguments and fitting of a variational autoencoder of a table.

    Args:
      latent_dim: L; None: half the columns' bucket, between 2 and 16.
      hidden: widths of the encoder's layers, and reversed of the decoder's; None: two
        of 64, or of 128 for tables of more than 32 columns.
      likelihood: head of all columns of numbers, or its name such as "StudentT"; None:
        by what each column holds.
      num_steps: most gradient steps.
      learning_rate: Adam's first; it falls where held-out rows stop improving.
      batch_size: rows in a step.
      validation_fraction: of the rows, held out to end training; 0 for none.
      patience: looks, each 100 steps, without a better held-out bound, after which the
        learning rate falls; the third time training ends.
      unknown: what a value becomes that its column cannot hold, such as a category
        that was not there in training: "error", or "mask", as if it were missing.
      random_state: as everywhere in scikit-learn.
      verbose: above 0: each look is told.

    Attributes:
      held_out_loss_: of each model, nats a row of the held-out rows; None without any.
      independent_loss_: that of independent columns, fitted to the same rows.
    """

    def __init__(
        self,
        *,
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
        self.latent_dim = latent_dim
        self.hidden = hidden
        self.likelihood = likelihood
        self.num_steps = num_steps
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.unknown = unknown
        self.random_state = random_state
        self.verbose = verbose

    _unknowns: tuple[str, ...] = ("error", "mask")

    _continuous: Likelihood = StudentT(min_scale=MIN_SCALE)

    def __sklearn_tags__(self) -> Any:
        """Missing cells are hidden from the model.

        `categorical` is not set: of arrays it would mean that integers are codes, and
        labels are taken from data frames only.
        """
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def save(self, path: str | Path) -> Path:
        """Writes the fitted estimator as a folder of JSON and safetensors.

        Args:
          path: of the folder, which must not be there.

        Returns:
          The folder; `vaex.sklearn.load` reads it.

        Raises:
          InputError: if it is there, cannot be written, or an argument has no form in
            JSON.
        """
        check_is_fitted(self)
        return write(self, Path(path))

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there is a model."""
        return hasattr(self, "members_")

    @property
    def _program(self) -> Program:
        return program_of(self.structure_)

    def _read(self, X: Any) -> Rows:
        """Rows for the model of a table that is not the training one."""
        check_is_fitted(self)
        table, _ = read(self, X, fitting=False)
        return self.table_.rows(table, unknown=self.unknown)

    def _fit_members(
        self,
        table: list[Values],
        *,
        count: int = 1,
        label: np.ndarray | None = None,
        num_classes: int = 0,
        num_samples: int = 1,
        may_hold_out: np.ndarray | None = None,
        weights: dict[str, float] | None = None,
        may_be_independent: bool = True,
        check: Callable[[Any], None] = lambda model: None,
    ) -> tuple[Rows, np.ndarray]:
        """Trains models of a table from different seeds.

        Args:
          table: the columns.
          count: of the models.
          label: [N] of a classifier, -1 where there is none.
          num_classes: of the labels.
          num_samples: of the bound.
          may_hold_out: [N]; None for all.
          weights: of the objective.
          may_be_independent: see `vaex.sklearn._fitting.Options`.
          check: refuses a model, unbound, before it is trained.

        Returns:
          The rows, and the numbers of those that were held out from all of them.
        """
        self._check_arguments()
        head = _head(self.likelihood)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        columns = fitted_columns(table, head)
        self.table_ = Table.of(columns, exact=_is_joint(head, columns))
        rows = self.table_.rows(table)
        if head is not None:
            _check_support(head, rows, self.table_)
        self.structure_ = Structure(
            groups=self.table_.groups,
            latent_dim=self.latent_dim or _latent_dim(len(columns)),
            hidden=_widths(self.hidden, len(columns)),
            head=head,
            num_classes=num_classes,
            num_samples=num_samples,
            batch_size=self.batch_size,
            continuous=self._continuous,
        )
        if label is not None:
            rows["label"] = label.astype(np.int32)
        check(self._program.model)
        train, held_out = split(rows, self.validation_fraction, seed, may_hold_out)
        options = Options(
            self.num_steps,
            self.learning_rate,
            self.patience,
            weights or {},
            self.verbose,
            may_be_independent,
        )
        watched = taken(rows, held_out) if len(held_out) else None
        found = [
            fit(self._program, taken(rows, train), watched, options, seed + member)
            for member in range(count)
        ]
        self.seed_ = seed
        self.members_ = [one.variables for one in found]
        self.num_steps_ = [one.num_steps for one in found]
        self.held_out_loss_ = [one.held_out for one in found]
        self.independent_loss_ = [one.independent for one in found]
        return rows, held_out

    def _check_arguments(self) -> None:
        for name, least in (
            ("latent_dim", 1),
            ("num_steps", 1),
            ("batch_size", 2),
            ("patience", 1),
            ("num_models", 1),
            ("num_samples", 1),
            ("num_importance", 1),
        ):
            value = getattr(self, name, least)
            if value is None and name == "latent_dim":
                continue
            if not isinstance(value, numbers.Integral) or value < least:
                raise InputError(
                    f"{name} must be an integer of at least {least}, got {value!r}"
                )
        if not 0 <= self.validation_fraction < 1:
            raise InputError(
                "validation_fraction must lie in [0, 1), got "
                f"{self.validation_fraction!r}"
            )
        if not self.learning_rate > 0:
            raise InputError(
                f"learning_rate must be above 0, got {self.learning_rate!r}"
            )
        if self.unknown not in self._unknowns:
            allowed = " or ".join(f'"{name}"' for name in self._unknowns)
            raise InputError(f"unknown must be {allowed}, got {self.unknown!r}")


def _latent_dim(columns: int) -> int:
    return min(MOST_LATENTS, max(2, bucket(columns, 4) // 2))


def _widths(hidden: Any, columns: int) -> tuple[int, ...]:
    if hidden is None:
        return (64, 64) if columns <= WIDE else (128, 128)
    return (int(hidden),) if isinstance(hidden, numbers.Integral) else tuple(hidden)


def _head(likelihood: Any) -> Likelihood | None:
    """The user's head, unbound, or None."""
    if likelihood is None:
        return None
    found = likelihood
    if isinstance(likelihood, str):
        import vaex.likelihoods

        found = getattr(vaex.likelihoods, likelihood, None)
    if isinstance(found, type) and issubclass(found, Likelihood):
        found = found()
    if not isinstance(found, Likelihood):
        raise InputError(
            "likelihood must be None, a head such as vaex.likelihoods.StudentT(), or "
            f'its name, "StudentT", got {likelihood!r}'
        )
    if found.is_calibrated or found.couples_batch:
        raise InputError(
            f"likelihood {type(found).__name__} is set by a pass over whole batches, "
            "which the estimators do not make; use PerDimensionScaleGaussian"
        )
    return found


def _is_joint(head: Likelihood | None, columns: Any) -> bool:
    """Whether a head scores its columns as a whole, so that none can be added."""
    if head is None:
        return False
    width = sum(column.kind in ("numeric", "raw") for column in columns)
    if not width:
        return False
    sized = head.clone(event_shape=(width,))
    return bool(sized.joint_rank) and not sized.marginalizes


def _check_support(head: Likelihood, rows: Rows, table: Table) -> None:
    start = 0
    for group in table.groups:
        stop = start + group.width
        if group.kind in ("numeric", "raw"):
            sized = head.clone(event_shape=(group.width,))
            sized.check_support(rows["x"][:, start:stop], rows["mask"][:, start:stop])
        start = stop
