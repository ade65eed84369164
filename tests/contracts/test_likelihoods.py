"""What every likelihood head must do; new files in vaex/likelihoods are found.

`ALL` also holds heads as users write them, so that the base class is tested where no
head of the library goes: vectors, coupled axes, shared parameters, wrappers.
"""

import contextlib

import pytest

from tests.contracts.heads import ALL, Case, setup
from vaex.errors import InputError
from vaex.testing._outcome import NotApplicable
from vaex.testing.likelihood_contract import properties

SHAPES = [
    Case((), 0),
    Case((3,), 0),
    Case((4, 2), 0),
    Case((4, 2), 1),
    Case((2, 2, 3), 0),
    Case((4, 4, 3), 2),
]

every_head = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
every_property = pytest.mark.parametrize(
    "check", properties(), ids=lambda check: check.__name__
)


@every_head
@every_property
def test_a_head_keeps_the_contract(kind, check):
    with contextlib.suppress(NotApplicable):
        check(setup(kind))


@pytest.mark.slow
@every_head
@pytest.mark.parametrize("case", SHAPES, ids=str)
def test_a_head_keeps_the_contract_at_every_shape(kind, case):
    try:
        subject = setup(kind, case)
    except InputError as error:
        pytest.skip(f"refused: {error}")
    for check in properties():
        with contextlib.suppress(NotApplicable):
            check(subject)
