"""What `vaex train` runs: its loop, with everything that guards the steps."""

import functools
import tempfile
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
from _alternation import Run

from train_peers._setting import BATCH, HIDDEN, LATENT, RATE, binary, grey
from vaex.evaluation.estimates import estimate, make_estimate
from vaex.evaluation.summary import quick_health
from vaex.io.checkpoint_config import CheckpointConfig
from vaex.io.checkpoint_writer import CheckpointWriter
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.objectives.evidence_lower_bound import elbo
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.binarize import Binarize
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.training.experiment import Experiment
from vaex.training.loop import initial_state, iterate
from vaex.training.optimizers import adam
from vaex.training.order import BatchOrder
from vaex.training.state import TrainState, model_variables

NEVER = 10**9
LOOK_SAMPLES, LOOK_EXAMPLES, LOOK_BLOCK = 8, 1000, 128
"""`vaex train`'s defaults."""


def prepare(options: dict[str, Any]) -> Run:
    """An epoch of the loop.

    Options: `levels`, 2 or 256 (drawn anew in each step); `save`, whether to time a
    checkpoint and a look at what z carries after each epoch.
    """
    levels = options["levels"]
    images = grey(options) if levels == 256 else binary(options)
    rows = {"x": images.reshape(-1, 28, 28, 1)}
    model = VAE(
        MLPEncoder(hidden=(HIDDEN,)),
        DiagonalGaussian(LATENT),
        StandardGaussian(LATENT),
        MLPDecoder(hidden=(HIDDEN,)),
        Bernoulli(event_shape=(28, 28, 1)),
    )
    optimizer = functools.partial(adam, learning_rate=RATE)
    experiment = Experiment(model, elbo, optimizer, Binarize(levels))
    order, data = BatchOrder(0, len(images), BATCH), jax.device_put(rows)
    state, steps = initial_state(experiment, data, order), options["steps"]
    chunks = iterate(
        experiment, data, order, state, num_steps=NEVER, boundaries=[steps]
    )
    look = _look(model, experiment.preparation, rows)

    def run() -> dict[str, float]:
        started, losses = time.perf_counter(), []
        for progress in chunks:
            losses.append(progress.metrics["loss"])
            if progress.step % steps == 0:
                break
        else:
            raise RuntimeError("training ended")
        seconds = time.perf_counter() - started
        found = {"seconds": seconds, "loss": float(np.concatenate(losses).mean())}
        if options.get("save"):
            found |= {"save_seconds": _save(progress.state), **look(progress.state)}
        return found

    return run


def _save(state: TrainState) -> float:
    """Seconds of a checkpoint that is waited for; a run does not wait."""
    with tempfile.TemporaryDirectory() as folder:
        writer = CheckpointWriter(Path(folder), CheckpointConfig(), print)
        with writer:
            started = time.perf_counter()
            writer.save(int(state.step), state, {})
            writer.finish()
            return time.perf_counter() - started


def _look(model: VAE, preparation: Any, rows: dict[str, np.ndarray]) -> Any:
    compiled = jax.jit(make_estimate(model, preparation, LOOK_SAMPLES))
    few = {name: array[:LOOK_EXAMPLES] for name, array in rows.items()}
    options: dict[str, Any] = {"num_samples": LOOK_SAMPLES, "block_size": LOOK_BLOCK}

    def look(state: TrainState) -> dict[str, float]:
        started = time.perf_counter()
        variables = model_variables(state)
        quick_health(estimate(compiled, variables, jax.random.key(1), few, **options))
        return {"look_seconds": time.perf_counter() - started}

    return look
