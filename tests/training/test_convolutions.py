"""Convolutions on a CPU: their steps are dispatched one by one."""

import jax
import numpy as np
import pytest

from tests.training.toy import bits, order, tiny_vae
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.models.vae import VAE
from vaex.nn.convolutional import ConvolutionalDecoder, ConvolutionalEncoder
from vaex.objectives.evidence_lower_bound import elbo
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.identity import Identity
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.training import loop
from vaex.training.experiment import Experiment
from vaex.training.loop import initial_state, iterate
from vaex.training.optimizers import sgd
from vaex.training.order import BatchOrder
from vaex.training.step import is_slow_in_loops, make_step

IMAGES = np.random.default_rng(0).integers(0, 2, (6, 4, 4)).astype(np.uint8)


def convolutional():
    shape = IMAGES.shape[1:]
    model = VAE(
        ConvolutionalEncoder(channels=(2,), features=4),
        DiagonalGaussian(2),
        StandardGaussian(2),
        ConvolutionalDecoder(event_shape=shape, channels=(2,)),
        Bernoulli(event_shape=shape),
    )
    return Experiment(model, elbo, sgd, Identity())


def test_who_is_dispatched_step_by_step(monkeypatch):
    def is_slow(experiment, data, batches):
        state = initial_state(experiment, data, batches)
        rows = {name: a[: batches.batch_size] for name, a in data.items()}
        return is_slow_in_loops(make_step(experiment), state, lambda: rows)

    images = (convolutional(), {"x": IMAGES}, BatchOrder(0, 6, 3))
    assert is_slow(*images)
    assert not is_slow(tiny_vae(), bits(), order())
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert not is_slow(*images)


@pytest.mark.slow
def test_the_steps_are_those_of_a_loop(monkeypatch):
    """Other programs, so equal up to the rounding of a few steps."""
    experiment, data, batches = convolutional(), {"x": IMAGES}, BatchOrder(0, 6, 3)

    def trained():
        state = initial_state(experiment, jax.device_put(data), batches)
        chunks = list(iterate(experiment, data, batches, state, num_steps=5))
        losses = np.concatenate([chunk.metrics["loss"] for chunk in chunks])
        return [chunk.step for chunk in chunks], losses, chunks[-1].state

    steps, losses, alone = trained()
    assert steps == [1, 2, 3, 4, 5]
    monkeypatch.setattr(loop, "is_slow_in_loops", lambda *arguments: False)
    steps, expected, looped = trained()
    assert len(steps) < 5
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    assert int(alone.step) == int(looped.step) == 5
    for one, other in zip(
        jax.tree.leaves(alone.params), jax.tree.leaves(looped.params), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
