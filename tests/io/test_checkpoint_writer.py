"""The thread that saves: what it keeps, and what it says of failures."""

import jax.numpy as jnp
import pytest

from vaex.errors import InputError, RunError
from vaex.io import checkpoint, checkpoint_writer
from vaex.io.checkpoint_config import CheckpointConfig
from vaex.io.checkpoint_writer import CheckpointWriter, is_resumable


@pytest.fixture
def quick_saves(monkeypatch):
    """Checkpoints of a manifest only: orbax has its own tests."""

    monkeypatch.setattr(checkpoint, "_write", lambda folder, tree: folder.mkdir())


def state(step):
    return {"step": jnp.int32(step)}


def steps(folder):
    return sorted(int(path.name) for path in folder.iterdir())


def test_the_newest_and_the_best_are_kept(tmp_path, quick_saves):
    config = CheckpointConfig(keep=2)
    with CheckpointWriter(tmp_path, config, pytest.fail) as writer:
        for step in range(1, 8):
            best = 3 if step >= 3 else 1
            writer.save(step, state(step), {"n": step}, (best, state(best)))
        writer.finish()
    assert steps(tmp_path) == [3, 6, 7]
    assert checkpoint.record_of(tmp_path / "7") == {"n": 7}


def test_a_best_that_was_not_saved_is_no_place_to_go_on_from(tmp_path, quick_saves):
    with CheckpointWriter(tmp_path, CheckpointConfig(), pytest.fail) as writer:
        writer.save(5, state(5), {}, (2, state(2)))
        writer.finish()
    assert steps(tmp_path) == [2, 5]
    assert [is_resumable(tmp_path / name) for name in ("2", "5")] == [False, True]


def test_what_is_of_later_steps_or_half_there_goes(tmp_path, quick_saves):
    """A run that went back writes its later checkpoints again."""
    checkpoint.save(tmp_path, 9, state(9))
    (tmp_path / ".4.123.part" / "state").mkdir(parents=True)
    (tmp_path / "3").mkdir()
    with CheckpointWriter(tmp_path, CheckpointConfig(), pytest.fail) as writer:
        writer.save(5, state(5), {})
        writer.finish()
    assert steps(tmp_path) == [5]


def test_a_failure_is_said_and_the_next_save_is_tried(tmp_path, quick_saves):
    said, true = [], checkpoint.save

    def save(folder, step, *arguments, **options):
        if step == 2:
            raise OSError(28, "No space left on device")
        return true(folder, step, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "save", save)
        with CheckpointWriter(tmp_path, CheckpointConfig(), said.append) as writer:
            for step in (1, 2, 3):
                writer.save(step, state(step), {})
            writer.finish()
            assert said == [
                "warning: a checkpoint could not be saved: OSError: [Errno 28] No "
                "space left on device; training goes on"
            ]
            writer.save(2, state(2), {})
            with pytest.raises(RunError, match="No space left on device; make room"):
                writer.finish()
    assert steps(tmp_path) == [1, 3]


def test_when_a_checkpoint_is_due(tmp_path, quick_saves, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(checkpoint_writer.time, "monotonic", lambda: clock[0])
    config = CheckpointConfig(every_steps=10, every_minutes=2)
    with CheckpointWriter(tmp_path, config, pytest.fail) as writer:
        assert [writer.is_due(step) for step in (5, 10)] == [False, True]
        clock[0] = 120.0
        assert writer.is_due(11)
        writer.save(11, state(11), {})
        assert not writer.is_due(12)
    never = CheckpointConfig(every_minutes=None)
    with CheckpointWriter(tmp_path, never, pytest.fail) as writer:
        clock[0] = 1e9
        assert not writer.is_due(10)


@pytest.mark.parametrize(
    "bad", [{"every_steps": 0}, {"every_minutes": float("nan")}, {"keep": 0}]
)
def test_bad_settings(bad):
    with pytest.raises(InputError, match=f"checkpoint.{next(iter(bad))} must be "):
        CheckpointConfig(**bad)
