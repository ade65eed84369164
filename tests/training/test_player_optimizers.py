"""Model and objective by optimizers of their own, in one program."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from tests.contracts.compiled import quick_jit
from tests.contracts.test_configs import composed
from tests.training.toy import assert_same_bits, bits, toy
from vaex.io.checkpoint import restore, save
from vaex.io.construction import construct
from vaex.objectives.multiplier import Multiplier
from vaex.training.hparams import make_hparams
from vaex.training.optimizers import adam, sgd
from vaex.training.player_optimizers import two_players
from vaex.training.state import make_init
from vaex.training.step import make_step

partial = functools.partial
MODEL = partial(adam, learning_rate=0.01)
CRITIC = "optimizer.objective.learning_rate"


def held(model, batch, *, train, multiplier):
    """The distance from the data, held below 0.1 by a learned multiplier."""
    distance = jnp.abs(model(batch, train=train)).mean()
    loss, value = multiplier(distance - 0.1)
    return loss, {"multiplier": value}


def stepped(optimizer, **numbers):
    """States at the start and after a step, for each value of the numbers."""
    experiment = toy(partial(held, multiplier=Multiplier(1.0)), optimizer)
    data, hparams = bits(8), experiment.hparams()
    start = quick_jit(make_init(experiment, data))(jax.random.key(0), hparams)
    step, found = quick_jit(make_step(experiment)), []
    for changed in [{}, numbers]:
        given = hparams | {name: jnp.float32(v) for name, v in changed.items()}
        found.append(step(start._replace(hparams=given), data)[0])
    assert step._cache_size() == 1
    return jax.device_get((start.params, *[state.params for state in found])), found[0]


def test_each_player_takes_its_own_steps(tmp_path):
    optimizer = partial(
        two_players, model=MODEL, objective=partial(sgd, learning_rate=0.5)
    )
    (start, first, second), state = stepped(optimizer, **{CRITIC: 1.5})
    assert_same_bits(first["model"], second["model"])
    one, three, at = (
        float(params["objective"]["learned_multiplier"]["raw"])
        for params in (first, second, start)
    )
    assert one != at
    # Differences of float32 numbers near 0.5.
    np.testing.assert_allclose(three - at, 3.0 * (one - at), rtol=1e-5)
    (_, alone, _), _ = stepped(MODEL)
    assert_same_bits(first["model"], alone["model"])
    saved = state._replace(key=jax.random.key_data(state.key))
    assert_same_bits(restore(save(tmp_path, 1, saved), saved), saved)


def test_a_line_sets_the_numbers_of_both():
    words = ["optimizer@optimizer.objective=sgd", "optimizer.objective.momentum=0.5"]
    config = composed("optimizer=two_players", *words, "optimizer.model.b1=0.8")
    optimizer = construct(config["optimizer"], "optimizer", {})
    found = {name: round(float(v), 6) for name, v in make_hparams(o=optimizer).items()}
    assert found == {
        "o.model.learning_rate": 0.001,
        "o.model.b1": 0.8,
        "o.model.b2": 0.999,
        "o.model.eps": 0.0,
        "o.objective.learning_rate": 0.01,
        "o.objective.momentum": 0.5,
    }
