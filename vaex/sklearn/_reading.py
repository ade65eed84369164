"""Tables as users have them to plain columns of numpy values."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from vaex.errors import InputError


class Values(NamedTuple):
    """One column.

    Attributes:
      name: of the column; "x3" where there are no names.
      values: [N], float64 with NaN where missing, or objects with None.
      is_label: whether values are names of categories, not numbers.
      is_integer: whether they came as integers.
    """

    name: str
    values: np.ndarray
    is_label: bool
    is_integer: bool


def read(
    estimator: Any, X: Any, *, fitting: bool, y: Any = "no_validation"
) -> tuple[list[Values], Any]:
    """Columns of X, and y, checked as scikit-learn's estimators check them.

    An array holds numbers. A data frame (pandas, polars) may hold labels besides:
    columns of strings, objects, categories or booleans. NaN and None are missing.

    Args:
      estimator: gets or is held to `n_features_in_` and `feature_names_in_`.
      X: [N, d].
      fitting: whether the estimator is being fitted.
      y: as `sklearn.utils.validation.validate_data` takes it.

    Raises:
      ValueError: for what is no table, is empty, infinite, or has other columns.
    """
    least = 2 if fitting else 1
    options = {"ensure_all_finite": "allow-nan", "ensure_min_samples": least}
    if not _is_frame(X):
        found = validate_data(estimator, X, y, reset=fitting, **options)
        X, y = found if isinstance(found, tuple) else (found, y)
        names = getattr(estimator, "feature_names_in_", None)
        if names is None:
            names = [f"x{i}" for i in range(X.shape[1])]
        return [_numbers(str(n), X[:, i]) for i, n in enumerate(names)], y
    found = validate_data(estimator, X, y, reset=fitting, skip_check_array=True)
    if not (isinstance(y, str) and y == "no_validation"):
        X, y = found
    if len(X) < least:
        raise ValueError(
            f"Found array with {len(X)} sample(s) (shape={X.shape}) while a minimum "
            f"of {least} is required by {type(estimator).__name__}."
        )
    if not fitting and X.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"X has {X.shape[1]} features, but {type(estimator).__name__} is "
            f"expecting {estimator.n_features_in_} features as input"
        )
    estimator.n_features_in_ = X.shape[1]
    return [_series(str(name), X[name]) for name in X.columns], y


def _is_frame(X: Any) -> bool:
    """Whether X has columns by name, of types of their own, some of them no numbers."""
    if not (hasattr(X, "columns") and hasattr(X, "dtypes") and hasattr(X, "shape")):
        return False
    names = list(X.columns)
    if len(names) != len(set(map(str, names))):
        raise InputError(f"X must have columns of different names, got {names}")
    return len(names) > 0


def _numbers(name: str, values: np.ndarray) -> Values:
    is_integer = values.dtype.kind in "iub"
    return Values(name, values.astype(np.float64), False, is_integer)


def _series(name: str, series: Any) -> Values:
    kind = str(series.dtype).lower()
    if kind.startswith(("date", "time", "duration", "period", "complex")):
        raise InputError(
            f"column {name!r} holds values of type {series.dtype}; turn them into real "
            "numbers, such as days since a date, or leave the column out"
        )
    values = np.asarray(series.to_numpy())
    is_label = kind.startswith(("category", "categorical", "enum"))
    missing = np.zeros(len(values), bool)
    if is_label or values.dtype.kind not in "iufb":
        missing = np.array([_is_missing(value) for value in values], bool)
        if kind.startswith(("int", "uint", "float", "bool")):  # nullable numbers
            numbers = np.full(len(values), np.nan)
            numbers[~missing] = values[~missing].astype(np.float64)
            values = numbers
    if not is_label and values.dtype.kind in "iufb":
        options: Any = {"ensure_all_finite": "allow-nan", "input_name": name}
        numbers = check_array(values[:, None], **options)[:, 0].astype(np.float64)
        is_integer = kind.startswith(("int", "uint", "bool"))
        return Values(name, numbers, False, is_integer)
    labels = values.astype(object)
    labels[missing] = None
    return Values(name, labels, True, False)


def _is_missing(value: Any) -> bool:
    """Whether it is None, or NaN, NaT or NA, none of which equals itself."""
    equal = value == value
    return value is None or not (isinstance(equal, bool | np.bool_) and bool(equal))
