"""One of two processes that train together on loopback; see test_processes.py.

Arguments: number of the process, port, devices of each process.
"""

import json
import signal
import sys
from pathlib import Path

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.training.toy import bits, order, tiny_vae, toy
from vaex.training import loop, processes
from vaex.training.loop import fit, initial_state, iterate
from vaex.training.placement import Placement
from vaex.training.processes import DistributedConfig, connect, is_first, largest, tell


def check_words(number: int) -> None:
    """What one says all hear, and the largest number is that of all."""
    assert is_first() == (number == 0)
    for word in ({"step": 3, "none": None}, "x" * 1000, {}):
        assert tell(word if number == 0 else "not heard") == word
    assert largest((float(number), 5.0 - number)) == (1.0, 5.0)


def check_lengths(number: int) -> None:
    """Chunks are as long in both, though the clock of one goes ten times as fast."""
    clock = loop.time.perf_counter
    loop.time.perf_counter = lambda: clock() * (1 + 9 * number)
    ends = [progress.step for progress in run(toy(), 0)]
    loop.time.perf_counter = clock
    said = tell(ends)
    assert said == ends, (said, ends)


def run(experiment, seed):
    """All chunks of a run, whose start is that of the first process, not our own."""
    state = initial_state(experiment, bits(), order(seed=seed))
    place = Placement.of("all", batch_size=8)
    return list(
        iterate(experiment, bits(), order(), state, num_steps=30, placement=place)
    )


def check_start(number: int) -> None:
    """A process that would have started elsewhere starts as the first does."""
    state = run(toy(), seed=number)[-1].state
    found = [np.asarray(leaf).tolist() for leaf in jax.tree.leaves(state.params)]
    assert tell(found) == found
    key = jax.random.key_data(state.key).tolist()
    assert tell(key) == key


def main() -> None:
    number, port, devices = (int(word) for word in sys.argv[1:])
    jax.config.update("jax_num_cpu_devices", devices)
    config = DistributedConfig(f"127.0.0.1:{port}", 2, number)
    connect(config)
    connect(config)  # the second job of a sweep
    # JAX would swallow it: a handler of our own comes after.
    caught = []
    signal.signal(signal.SIGTERM, lambda *_: caught.append(1))
    signal.raise_signal(signal.SIGTERM)
    assert caught
    assert jax.device_count() == 2 * devices
    check_words(number)
    check_lengths(number)
    check_start(number)
    curves = {}
    for name, make in (("toy", toy), ("vae", tiny_vae)):
        state, history = fit(make(), bits(), epochs=8, batch_size=8, devices="all")
        (device,) = jax.tree.leaves(state.params)[0].devices()
        assert device == jax.local_devices()[0]
        curves[name] = {k: v.tolist() for k, v in history.items()}
    assert tell(curves) == curves
    assert processes.is_first() == (number == 0)
    if number == 0:
        print(json.dumps(curves))


if __name__ == "__main__":
    main()
