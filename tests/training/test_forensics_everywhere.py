"""Every part of a model and every objective can be examined in float32 and float64."""

from typing import Any

import jax
import numpy as np
import pytest

from tests.contracts import test_configs as configs
from vaex.io.parts import assemble
from vaex.training._float64 import in_float64
from vaex.training.forensics import _traced
from vaex.training.state import make_init

LOOPS = {"scan", "while", "cond", "scatter-add"}
"""Operations that hold functions, and so stay in float32."""

IN_STEPS = ("model", "posterior", "prior", "likelihood", "objective")
"""Groups of what a step computes that a report may speak of."""

OPTIONS = [param for param in configs.OPTIONS if param.values[0] in IN_STEPS]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, found = tmp_path_factory.mktemp("data"), {}
    for kind, array in configs.example_data().items():
        found[kind] = folder / f"{kind.replace(' ', '_')}.npy"
        np.save(found[kind], array)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_a_step_of_every_option_can_be_examined(files, group, option):
    """Traced, not compiled: records are kept, each float has its float64.

    What a gradient penalty computes within jax.grad is out of reach.
    """
    parts = assemble(configs.fitting(files, group, option))
    train = parts.dataset.splits["train"]
    rows = {name: np.asarray(array[: configs.ROWS]) for name, array in train.items()}
    init = make_init(parts.experiment, rows)
    state = jax.eval_shape(init, jax.random.key(0), parts.experiment.hparams())
    traced, structure, labels = _traced(parts.experiment, state, rows)
    kept: tuple[str, ...] = ()

    def widened(*leaves: Any) -> Any:
        nonlocal kept
        outputs, kept = in_float64(traced, leaves)
        return outputs

    outputs = jax.eval_shape(widened, *jax.tree.leaves((state, rows)))
    found = jax.tree.unflatten(structure, outputs)
    kinds = {labels[number].kind for number in found["records"]}
    assert kinds >= {"input", "layer", "raw", "field", "log_prob"}
    assert len(found["records"]) >= 0.7 * len(labels)
    for path, leaf in jax.tree_util.tree_leaves_with_path(found):
        assert leaf.dtype not in (np.float32, np.float16), path
    assert set(kept) <= LOOPS
