"""Eight devices against one; a process of its own, as JAX starts with a number of them.

Run by test_placement.py.
"""

import json
import sys
from pathlib import Path

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.training.toy import assert_same_bits, bits, order, tiny_vae, toy
from vaex.training.loop import fit, initial_state, iterate
from vaex.training.placement import Placement, make_cpu_devices
from vaex.training.step import make_chunk, make_step

# The batch of 8 is summed in another order, and the parameters of the next step are
# those of this sum. Measured over 40 steps: 4e-7, a few units in the last place of
# single precision (1.2e-7); a row left out or seen twice changes the loss by a tenth.
TOLERANCE = 1e-5
EPOCHS = 8


def check_curves(make) -> None:
    """Every metric of every step is that of one device, and so are the parameters."""
    options = {"epochs": EPOCHS, "batch_size": 8}
    found = {}
    for devices in (1, 2, "all"):
        experiment = make()
        state, history = fit(experiment, bits(), devices=devices, **options)
        found[devices] = state, history, experiment.preparation.traces
        (device,) = jax.tree.leaves(state.params)[0].devices()
        assert device == jax.devices()[0]
    one, history, traces = found[1]
    for devices in (2, "all"):
        other, others, more = found[devices]
        assert more == traces, "several devices compile as often as one"
        assert others.keys() == history.keys()
        for name in history:
            np.testing.assert_allclose(
                others[name], history[name], rtol=TOLERANCE, atol=TOLERANCE
            )
        leaves = zip(
            jax.tree.leaves(other.params), jax.tree.leaves(one.params), strict=True
        )
        for a, b in leaves:
            # Adam divides by the root of a mean square: where a gradient is nearly 0
            # its rounding is magnified, and 40 steps of it add up.
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def check_program() -> None:
    """Each device works on an eighth of the rows, and the state lies on all of them."""
    placement = Placement.of("all", batch_size=8)
    assert len(placement.devices) == 8
    experiment, data = toy(), bits()
    state = initial_state(experiment, data, order())
    compiled = placement.jit(make_chunk(placement.divides(make_step(experiment))))
    wide = placement.everywhere((state, data))
    assert_same_bits(placement.here(wide), (state, data))
    arguments = (*wide, order().indices(0, 2), np.int32(2))
    text = compiled.lower(*arguments).compile().as_text()
    assert "all-reduce" in text
    assert "f32[1,3]" in text, "one row of three bits on each device"
    assert "f32[8,3]" not in text, "no device has a whole batch"
    after, _ = compiled(*arguments)
    assert all(leaf.is_fully_replicated for leaf in jax.tree.leaves(after))


def check_same_bits() -> None:
    """How the steps are cut into chunks changes no bit, on eight devices either."""
    placement = Placement.of(8, batch_size=8)
    data = bits()
    last = []
    for boundaries in ((), (3,)):
        experiment = toy()
        state = initial_state(experiment, data, order())
        for progress in iterate(
            experiment,
            data,
            order(),
            state,
            num_steps=11,
            boundaries=boundaries,
            placement=placement,
        ):
            state = progress.state
        last.append(state)
    assert_same_bits(*last)


if __name__ == "__main__":
    make_cpu_devices(8)
    check_program()
    check_same_bits()
    check_curves(toy)
    check_curves(tiny_vae)
    print(json.dumps({"checked": ["toy", "vae"]}))
