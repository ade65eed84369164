import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaex.errors import InputError
from vaex.training.order import BatchOrder


@given(
    num=st.integers(1, 60),
    batch=st.integers(1, 60),
    start=st.integers(0, 100),
    cut=st.integers(0, 20),
)
def test_order_does_not_depend_on_how_it_is_cut(num, batch, start, cut):
    order = BatchOrder(3, num, min(batch, num))
    whole = order.indices(start, cut + 7)
    parts = [order.indices(start + i, 1) for i in range(cut + 7)]
    assert (whole == np.concatenate(parts)).all()


def test_an_epoch_sees_each_example_at_most_once_and_drops_the_remainder():
    order = BatchOrder(0, 23, 5)
    first, second = order.indices(0, 4), order.indices(4, 4)
    assert len(np.unique(first)) == 20
    assert (first != second).any()
    assert first.dtype == np.int32


def test_seeds_differ():
    one, two = BatchOrder(0, 50, 10), BatchOrder(1, 50, 10)
    assert (one.indices(0, 5) != two.indices(0, 5)).any()


@pytest.mark.parametrize("batch", [0, 24, -1])
def test_batch_size_must_fit(batch):
    with pytest.raises(InputError, match="batch_size must lie between 1 and the 23"):
        BatchOrder(0, 23, batch)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_are_those_that_a_key_can_have(seed):
    with pytest.raises(InputError, match=f"seed must lie between 0 .*, got {seed}"):
        BatchOrder(seed, 23, 4)


def test_there_may_be_no_more_examples_than_an_int32_counts():
    with pytest.raises(InputError, match=r"fewer than 2\^31 examples, got 2147483648"):
        BatchOrder(0, 2**31, 128)
    assert BatchOrder(0, 2**31 - 1, 128).steps_per_epoch == 2**24 - 1
