"""Checkpoints: every bit back, or a refusal in one line before orbax reads a byte."""

import functools
import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.training.toy import assert_same_bits, bits, order, tiny_vae, toy
from vaex.errors import InputError
from vaex.io import _checksums, _packing, checkpoint
from vaex.training import optimizers
from vaex.training.loop import initial_state, iterate
from vaex.training.schedules import linear_warmup
from vaex.training.state import TrainState


def trained(experiment, steps=3):
    data, rows = jax.device_put(bits()), order()
    state = initial_state(experiment, data, rows)
    for progress in iterate(experiment, data, rows, state, num_steps=steps):
        state = progress.state
    return state


def shapes(tree):
    return jax.eval_shape(lambda: jax.tree.map(lambda x: x, tree))


def chained(learning_rate=1e-2):
    """NamedTuples, plain tuples, an empty state and a copy of the parameters."""
    return optax.chain(
        optax.clip(1.0), optax.adam(learning_rate), optax.ema(0.9), optax.identity()
    )


@pytest.mark.parametrize(
    "experiment",
    [
        pytest.param(tiny_vae(), marks=pytest.mark.slow),
        toy(optimizer=chained),
        toy(optimizer=functools.partial(optimizers.sgd, schedule=linear_warmup(2))),
    ],
)
def test_a_train_state_comes_back_bit_for_bit(experiment, tmp_path):
    state = trained(experiment)
    target = checkpoint.save(tmp_path / "checkpoints", 3, state)
    assert target == tmp_path / "checkpoints" / "3"
    restored = checkpoint.restore(target, shapes(state))
    assert isinstance(restored, TrainState)
    assert_same_bits(state, restored)
    assert restored.key.dtype == state.key.dtype
    assert restored.hparams.keys() == state.hparams.keys()
    # Bound to a device they would have the chunk compiled a second time.
    assert not any(leaf.committed for leaf in jax.tree.leaves(restored))


def test_a_restored_run_goes_on_as_if_it_had_not_stopped(tmp_path):
    experiment = toy()
    straight = trained(experiment, 7)
    half = trained(experiment, 3)
    state = checkpoint.restore(checkpoint.save(tmp_path, 3, half), half)
    data = jax.device_put(bits())
    for progress in iterate(experiment, data, order(), state, num_steps=7):
        state = progress.state
    assert_same_bits(straight, state)


def odd_leaves():
    """NaN, infinities, signed zeros, subnormals; integers, bools, half floats, keys."""
    return {
        "floats": jnp.array([np.nan, np.inf, -np.inf, -0.0, 1e-40, 1.0]),
        "half": jnp.array([1.5, -2.0], jnp.bfloat16),
        "count": jnp.int32(7),
        "flag": jnp.array([True, False]),
        "keys": jax.random.split(jax.random.key(3), 2),
        "other": jax.random.key(1, impl="rbg"),
    }


def test_odd_leaves_come_back(tmp_path, monkeypatch):
    """Joined in one array, and those that are too large for that by themselves."""
    tree = odd_leaves() | {"none": jnp.zeros((0, 3))}
    for step, small in enumerate((2**20, 9)):
        monkeypatch.setattr(_packing, "SMALL", small)
        saved = checkpoint.save(tmp_path, step, tree)
        restored = checkpoint.restore(saved, tree)
        assert_same_bits(tree, restored)
        assert restored["other"].dtype == tree["other"].dtype
        assert not restored["floats"].committed
        names = {path.name for path in (saved / "state").iterdir() if path.is_dir()}
        assert names == ({"small"} if step == 0 else {"small", "2", "4", "6"})


def test_a_checkpoint_of_another_version_is_refused(saved, copy, no_orbax):
    """Before anything is read: its arrays may have the shapes and mean other things."""
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text())
    facts = {k: v for k, v in manifest.items() if k not in ("files", "sha256")}
    del facts["version"]
    path.unlink()
    _checksums.write_manifest(copy, facts)
    with pytest.raises(InputError, match="format version 1, this vaex reads version 2"):
        checkpoint.restore(copy, saved[0])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small state and its checkpoint, not to be changed."""
    state = {
        "w": jnp.arange(6.0).reshape(2, 3),
        "key": jax.random.key(0),
        "opt": (optax.EmptyState(), {"count": jnp.int32(2)}),
    }
    return state, checkpoint.save(tmp_path_factory.mktemp("saved"), 5, state)


@pytest.fixture
def copy(saved, tmp_path):
    return Path(shutil.copytree(saved[1], tmp_path / "5"))


@pytest.fixture
def no_orbax(monkeypatch):
    def refuse():
        raise AssertionError("orbax was asked to read a damaged checkpoint")

    monkeypatch.setattr(checkpoint, "_orbax", refuse)


def files(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file())


def test_every_flipped_bit_is_found(saved, copy, no_orbax):
    """One bit of each byte of the manifest, and of places all over the other files."""
    state, _ = saved
    generator = np.random.default_rng(0)
    count = 0
    for path in files(copy):
        whole = path.read_bytes()
        places = range(len(whole))
        if path.name != "manifest.json" or path.parent != copy:
            places = {0, len(whole) // 2, len(whole) - 1} & set(places)
        for place in places:
            flipped = bytearray(whole)
            flipped[place] ^= 1 << int(generator.integers(8))
            path.write_bytes(flipped)
            with pytest.raises(
                InputError, match="is damaged: .* was changed$"
            ) as error:
                checkpoint.restore(copy, state)
            assert path.relative_to(copy).as_posix() in str(error.value)
            count += 1
        path.write_bytes(whole)
    assert len(files(copy)) > 5
    assert count > 500


def test_every_truncation_is_found(saved, copy, no_orbax):
    state, _ = saved
    for path in files(copy):
        whole = path.read_bytes()
        for size in {0, len(whole) // 2, len(whole.rstrip()) - 1} - {-1}:
            path.write_bytes(whole[:size])
            with pytest.raises(InputError, match="is damaged: .* was changed$"):
                checkpoint.restore(copy, state)
        path.write_bytes(whole)


def test_every_missing_file_is_found(saved, copy, no_orbax):
    state, _ = saved
    for path in files(copy):
        if path == copy / "manifest.json":
            continue
        whole = path.read_bytes()
        path.unlink()
        with pytest.raises(InputError, match=f"{path.name} is missing$"):
            checkpoint.restore(copy, state)
        path.write_bytes(whole)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"sha256": 1}', "\xff"])
def test_a_manifest_that_is_none_is_refused(saved, copy, no_orbax, text):
    (copy / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="is damaged: manifest.json was changed"):
        checkpoint.restore(copy, saved[0])


def test_an_untouched_copy_elsewhere_is_restored(saved, copy):
    assert_same_bits(checkpoint.restore(copy, saved[0]), saved[0])


def test_without_a_manifest_there_is_no_checkpoint(saved, copy, no_orbax):
    assert checkpoint.latest(copy.parent) == copy
    (copy / "manifest.json").unlink()
    assert checkpoint.latest(copy.parent) is None
    with pytest.raises(InputError, match="is no checkpoint: no manifest.json"):
        checkpoint.restore(copy, saved[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"w": jnp.zeros((2, 4))},
            r"in 1 places, the first \['w'\]: saved "
            r"float32\[2, 3\], the model has float32\[2, 4\]$",
        ),
        ({"w": jnp.zeros((2, 3), jnp.int32)}, r"saved float32.* has int32"),
        (
            {"b": jnp.zeros(1)},
            r"first \['b'\]: saved nothing, the model has float32\[1",
        ),
        (
            {"opt": (optax.EmptyState(), {})},
            r"\['count'\]: saved int32\[\], the model "
            "has nothing$",
        ),
        (
            {"key": jax.random.key(0, impl="rbg")},
            r"key<fry>\[\], the model has key<rbg",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused_in_one_line(
    saved, no_orbax, change, message
):
    state, target = saved
    with pytest.raises(InputError, match=message) as error:
        checkpoint.restore(target, {**state, **change})
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_nothing_is_logged(tmp_path):
    """In a process of its own whose root logger shows everything, as Hydra's does."""
    program = f"""
import logging
logging.basicConfig(level=logging.INFO)
import jax.numpy as jnp
from pathlib import Path
from vaex.io.checkpoint import restore, save
state = {{"w": jnp.ones(3)}}
for _ in range(2):
    restore(save(Path({str(tmp_path)!r}), 1, state), state)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout == ""


def test_the_manifest_says_what_was_saved(saved):
    state, target = saved
    manifest = json.loads((target / "manifest.json").read_text())
    assert manifest["step"] == 5
    assert manifest["tree"]["['w']"] == "float32[2, 3]"
    assert len(manifest["tree"]) == len(jax.tree.leaves(state))
    names = {p.relative_to(target).as_posix() for p in files(target)}
    assert set(manifest["files"]) == names - {"manifest.json"}


@pytest.mark.parametrize(("package", "is_shown"), [("orbax", False), ("mine", True)])
def test_orbax_alone_is_told_to_be_quiet(saved, package, is_shown):
    file = f"/lib/{package}/futures.py"
    record = logging.LogRecord("absl", logging.ERROR, file, 1, "raised", (), None)
    assert bool(logging.getLogger("absl").filter(record)) == is_shown
