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
    Case((4, 2), 1),
    Case((3, 2, 3), 2),
]

# These take long to compile and are of the slow tier only, which has all of them.
SLOW = {
    "a_wrong_value_keeps_its_cost",
    "half_precision_features_give_float32",
    "hidden_cells_count_nothing",
    "jit_vmap_and_loop_agree",
    "mode_is_most_probable",
}

# These look at elements one by one, too: there at one shape of an event, which shows
# what any shows.
OF_ELEMENTS = {
    "extreme_parameters_give_numbers",
    "gradients_agree_with_finite_differences",
    "maximum_likelihood_finds_the_distribution",
    "quantiles_invert_the_distribution_function",
}

every_head = pytest.mark.parametrize(
    "kind",
    [pytest.param(k, marks=pytest.mark.xdist_group(k.__name__)) for k in ALL],
    ids=lambda kind: kind.__name__,
)
every_property = pytest.mark.parametrize(
    "check",
    [check for check in properties() if check.__name__ not in OF_ELEMENTS | SLOW],
    ids=lambda check: check.__name__,
)


def test_the_slow_properties_are_there():
    assert {check.__name__ for check in properties()} >= OF_ELEMENTS | SLOW


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
        if check.__name__ in OF_ELEMENTS and case != SHAPES[1]:
            continue
        with contextlib.suppress(NotApplicable):
            check(subject)
