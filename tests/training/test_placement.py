"""Where arrays lie; what several devices give is tested with the slow tests here."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from tests.training.toy import assert_same_bits, bits, order, toy
from vaex.errors import InputError
from vaex.training.config import TrainConfig
from vaex.training.loop import initial_state
from vaex.training.placement import SINGLE, Placement
from vaex.training.step import make_chunk, make_step

SCRIPT = Path(__file__).with_name("on_eight_devices.py")


@pytest.mark.parametrize("devices", ["some", "2", 1.5, True, None])
def test_devices_are_a_number_or_all(devices):
    match = f'^trainer.devices must be a number of devices or "all", got {devices!r}$'
    with pytest.raises(InputError, match=match):
        TrainConfig(devices=devices)
    with pytest.raises(InputError, match=r"trainer.devices must be at least 1, got 0"):
        TrainConfig(devices=0)
    assert TrainConfig(devices="all").devices == "all"


def test_there_must_be_so_many_devices():
    found = jax.devices()  # JAX has started
    many = len(found) + 1
    with pytest.raises(InputError) as caught:
        Placement.of(many, batch_size=many)
    message = str(caught.value)
    assert f"number of devices here, {len(found)} (cpu), got {many};" in message
    assert f"JAX_NUM_CPU_DEVICES={many}" in message


def test_a_batch_must_divide_among_them(monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda: jax.local_devices() * 3)
    match = (
        "^trainer.batch_size must be a multiple of trainer.devices=3, got 128; "
        "pass trainer.batch_size=126, or fewer devices$"
    )
    with pytest.raises(InputError, match=match):
        Placement.of("all", batch_size=128)
    assert Placement.of(3, batch_size=126).kinds == ["cpu"] * 3
    assert Placement.of(2, batch_size=128).kinds == ["cpu"] * 2
    with pytest.raises(InputError, match=r"pass trainer.batch_size=3, or"):
        Placement.of(3, batch_size=2)


def test_processes_leave_no_device_out(monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda: jax.local_devices() * 4)
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(InputError, match=r"all .* of all 2 processes, 4, got 2; pass "):
        Placement.of(2, batch_size=128)


def test_one_device_has_the_program_without_a_placement():
    experiment, data = toy(), bits()
    state = initial_state(experiment, data, order())
    step = make_step(experiment)
    arguments = (state, data, order().indices(0, 2), np.int32(2))
    plain = jax.jit(make_chunk(step)).lower(*arguments).as_text()
    for placement in (SINGLE, Placement.of(1, batch_size=8)):
        chunk = placement.jit(make_chunk(placement.divides(step)))
        assert chunk.lower(*arguments).as_text() == plain
        assert placement.here(state) is state
        assert_same_bits(placement.everywhere(state), state)


@pytest.mark.slow
def test_eight_devices_train_as_one_does():
    """The script holds them against each other; the number of devices is JAX's own."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"checked": ["toy", "vae"]}
