"""Several processes: their configuration, and two of them on loopback."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from tests.training.toy import bits, tiny_vae, toy
from vaex.errors import InputError
from vaex.training.loop import fit
from vaex.training.processes import DistributedConfig, connect, is_first, largest, tell

SCRIPT = Path(__file__).with_name("in_two_processes.py")
HERE = "127.0.0.1:1234"


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"coordinator": HERE}, "got no distributed.num_processes; give all three"),
        ({"num_processes": 2, "process_id": 0}, "got no distributed.coordinator"),
        ({"auto": True, "process_id": 1}, "got distributed.process_id=1 as well"),
        ((HERE, 0, 0), "num_processes must be at least 1, got 0"),
        ((HERE, 2, 2), "process_id must lie between 0 and 1, got 2"),
        ((HERE, 2, -1), "process_id must lie between 0 and 1, got -1"),
        (("somewhere", 2, 0), "must be HOST:PORT of the first process, got 'some"),
        ((":1234", 2, 0), "must be HOST:PORT of the first process, got ':1234'"),
    ],
)
def test_what_cannot_connect_is_refused(given, match):
    names = ("coordinator", "num_processes", "process_id")
    if not isinstance(given, dict):
        given = dict(zip(names, given, strict=True))
    with pytest.raises(InputError, match=match):
        DistributedConfig(**given)


def test_one_process_says_everything_to_itself():
    connect(DistributedConfig())
    assert not jax.distributed.is_initialized()
    assert is_first()
    assert tell({"a": 1}) == {"a": 1}
    assert largest((0.1, 2.0)) == (0.1, 2.0)


@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 2])
def test_two_processes_train_as_one_does(devices):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    words = [sys.executable, str(SCRIPT)]
    running = [
        subprocess.Popen(
            [*words, str(number), str(port), str(devices)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    try:
        (out, err), (_, other) = (one.communicate(timeout=250) for one in running)
    finally:
        for process in running:
            process.kill()  # SIGTERM may be swallowed
    assert [process.returncode for process in running] == [0, 0], err + other
    curves = json.loads(out.splitlines()[-1])  # gloo has lines of its own
    for name, make in (("toy", toy), ("vae", tiny_vae)):
        _, expected = fit(make(), bits(), epochs=8, batch_size=8)
        assert curves[name].keys() == expected.keys()
        for metric, values in expected.items():
            # As on the devices of one process: see on_eight_devices.py.
            np.testing.assert_allclose(
                curves[name][metric], values, rtol=1e-5, atol=1e-5
            )
