"""Which preparation follows from a head's support and from the data."""

import numpy as np
import pytest

from vaex import support
from vaex.likelihoods.composite import Composite
from vaex.preparations.automatic import fit_preparation

TABLE = Composite.example((3,)).support


@pytest.mark.parametrize(
    ("kind", "num_classes", "expected"),
    [
        (support.real, None, "Standardize"),
        (support.real, 17, "Standardize"),
        (support.binary, 2, "Binarize"),
        (support.binary, 17, "Binarize"),
        (support.binary, None, "Identity"),
        (support.integers(17), 17, "Levels"),
        (support.nonnegative_integers, 256, "Levels"),
        (support.unit_interval, 256, "UnitInterval"),
        (support.unit_interval, None, "Identity"),
        (support.open_unit_interval, 256, "Dequantize"),
        (support.positive, None, "Identity"),
        (support.one_hot(3), 2, "Identity"),
        (TABLE, 17, "Identity"),
        (TABLE, None, "Identity"),
    ],
    ids=lambda value: getattr(value, "description", value),
)
def test_the_choice(kind, num_classes, expected):
    found = fit_preparation(kind, (3,), num_classes, np.zeros(3), np.ones(3))
    assert type(found).__name__ == expected
