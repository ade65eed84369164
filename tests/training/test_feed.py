"""Rows from disk by a thread: the bits of a run are those of data on the device."""

import time

import jax
import numpy as np
import pytest

from tests.training.toy import assert_same_bits, bits, order, toy
from vaex.data.rows import Rows
from vaex.training import feed, loop
from vaex.training.feed import DeviceFeed, StreamFeed, make_feed, ready
from vaex.training.loop import initial_state, iterate
from vaex.training.order import BatchOrder

ROW = 3  # bytes of a row of `bits`


@pytest.fixture
def mapped(tmp_path):
    """The rows of `bits` on disk, stored in another order."""
    x = bits()["x"]
    shuffle = np.random.default_rng(1).permutation(len(x))
    np.save(tmp_path / "x.npy", x[shuffle])
    disk = np.load(tmp_path / "x.npy", mmap_mode="r")
    return {"x": Rows([disk], np.argsort(shuffle))}


def windows_of(monkeypatch, steps: int) -> None:
    monkeypatch.setattr(feed, "WINDOW_BYTES", steps * order().batch_size * ROW)


def seen(source, steps: int, at: int = 0, most: int = 2) -> np.ndarray:
    """The rows of steps, gathered as the chunk does, [steps, B, ...]."""
    found = []
    while at < steps:
        stop = min(at + most, source.end(at), steps)
        data, places = source.take(at, stop - at)
        found.append(np.asarray(data["x"])[places])
        at = stop
    return np.concatenate(found)


@pytest.mark.parametrize("start", [0, 4, 5])
def test_both_feeds_give_the_rows_of_the_order(mapped, monkeypatch, start):
    windows_of(monkeypatch, 3)
    expected = bits()["x"][order().indices(start, 13 - start)]
    device = make_feed(ready(bits()), order(), 8, 13)
    streamed = make_feed(ready(mapped), order(), 8, 13)
    assert isinstance(device, DeviceFeed)
    assert isinstance(streamed, StreamFeed)
    np.testing.assert_array_equal(seen(device, 13, start), expected)
    np.testing.assert_array_equal(seen(streamed, 13, start), expected)


def test_a_window_is_bounded_in_bytes_and_of_one_shape(mapped, monkeypatch):
    windows_of(monkeypatch, 3)
    streamed = StreamFeed(mapped, order(), 8, num_steps=7)
    assert streamed.longest == 3
    shapes = {streamed.take(step, 1)[0]["x"].shape for step in range(7)}
    assert shapes == {(3 * 8, 3)}
    assert StreamFeed(mapped, order(), 2, 7).longest == 2
    windows_of(monkeypatch, 0)
    assert StreamFeed(mapped, order(), 8, 7).longest == 1


def test_the_next_window_is_read_while_the_present_is_used(mapped, monkeypatch):
    windows_of(monkeypatch, 3)
    put = []

    def slowly(arrays):
        put.append(time.perf_counter())
        return jax.device_put(arrays)

    streamed = StreamFeed(mapped, order(), 8, 9, slowly)
    streamed.take(0, 1)
    deadline = time.perf_counter() + 10
    while len(put) < 2 and time.perf_counter() < deadline:
        time.sleep(0.001)
    assert len(put) == 2  # nothing of it was asked for yet
    for step, count in ((1, 2), (3, 3), (6, 3)):
        streamed.take(step, count)
    assert len(put) == 3  # each is read once, and none beyond the last step


def test_what_goes_wrong_while_reading_is_raised(mapped):
    def broken(arrays):
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        StreamFeed(mapped, order(), 8, 9, broken).take(0, 1)


def test_a_streamed_run_has_the_bits_of_one_on_the_device(mapped, monkeypatch):
    windows_of(monkeypatch, 3)
    experiment = toy()

    def trained(data, state=None, **options):
        data = ready(data)
        state = initial_state(experiment, data, order()) if state is None else state
        found = list(iterate(experiment, data, order(), state, **options))
        losses = np.concatenate([chunk.metrics["loss"] for chunk in found])
        return found[-1].state, losses

    on_device = trained(bits(), num_steps=11)
    # Resumed in the middle of a window.
    half, first = trained(mapped, num_steps=4)
    state, rest = trained(mapped, half, num_steps=11)
    assert_same_bits(on_device, (state, np.concatenate([first, rest])))


@pytest.mark.slow
def test_a_streamed_step_that_is_not_finite_is_skipped_alike(tmp_path, monkeypatch):
    windows_of(monkeypatch, 5)
    monkeypatch.setattr(loop, "TARGET_SECONDS", 1e9)
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    x[7] = np.nan
    np.save(tmp_path / "x.npy", x)
    disk = {"x": Rows([np.load(tmp_path / "x.npy", mmap_mode="r")])}
    found = []
    for data in ({"x": x}, disk):
        data, experiment = ready(data), toy()
        state = initial_state(experiment, {"x": x[:8]}, BatchOrder(0, 8, 8))
        options = {"num_steps": 10, "max_skipped": 4}
        chunks = list(iterate(experiment, data, order(), state, **options))
        found.append((chunks[-1].state, sum((c.skipped for c in chunks), ())))
    assert len(found[0][1]) == 2
    assert found[0][1] == found[1][1]
    assert_same_bits(found[0][0], found[1][0])
