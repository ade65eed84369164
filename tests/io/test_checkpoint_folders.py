"""Checkpoints side by side: which counts, and what a save that fails leaves."""

import errno
import resource

import jax
import jax.numpy as jnp
import pytest

from tests.training.toy import assert_same_bits
from vaex.io import _checksums, checkpoint


def test_latest_is_the_newest_complete_one_by_number(tmp_path):
    assert checkpoint.latest(tmp_path / "nothing") is None
    for name in ("9", "10", "100", "best", "11.tmp"):
        (tmp_path / name).mkdir()
        if name != "100":  # a save that was cut short
            (tmp_path / name / "manifest.json").write_text("{}")
    assert checkpoint.latest(tmp_path) == tmp_path / "10"


def test_saving_twice_replaces(tmp_path):
    for value in (1.0, 2.0):
        state = {"w": jnp.full(3, value)}
        target = checkpoint.save(tmp_path, 4, state)
        assert_same_bits(checkpoint.restore(target, state), state)
    assert [p.name for p in tmp_path.iterdir()] == ["4"]


def test_a_save_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    before = checkpoint.save(tmp_path, 4, {"w": jnp.ones(3)})

    def full(path, value):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(_checksums, "write_json", full)
        with pytest.raises(OSError, match="No space left"):
            checkpoint.save(tmp_path, 4, {"w": jnp.zeros(3)})
    assert [path.name for path in tmp_path.iterdir()] == ["4"]
    assert checkpoint.restore(before, {"w": jnp.ones(3)})["w"].tolist() == [1, 1, 1]


def test_a_disk_that_is_full_half_way(tmp_path):
    """The system's own refusal of the bytes beyond a limit, in orbax's writes too."""
    before = checkpoint.save(tmp_path, 1, {"w": jnp.ones(3)})
    large = {"w": jax.random.normal(jax.random.key(0), (200_000,))}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            checkpoint.save(tmp_path, 2, large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.errno == errno.EFBIG
    assert checkpoint.complete(tmp_path) == [before]
    checkpoint.verify(before)
    checkpoint.verify(checkpoint.save(tmp_path, 2, large))
