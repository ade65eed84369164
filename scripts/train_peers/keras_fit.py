"""Keras on JAX: `fit` of a model whose loss is minus the ELBO."""
# pyright: reportMissingImports=false, reportArgumentType=false
# pyright: reportOptionalOperand=false, reportOperatorIssue=false

import os
import time
from typing import Any

from _alternation import Run

from train_peers._setting import BATCH, HIDDEN, LATENT, PIXELS, RATE, binary

os.environ["KERAS_BACKEND"] = "jax"

import keras  # noqa: E402
from keras import layers, ops  # noqa: E402


class _Sample(layers.Layer):
    """z ~ q(z|x), and the KL as a loss of the layer."""

    def __init__(self) -> None:
        super().__init__()
        self.seed = keras.random.SeedGenerator(0)

    def call(self, raw: Any) -> Any:
        loc, scale = raw[:, :LATENT], ops.softplus(raw[:, LATENT:])
        scale = ops.add(scale, 1e-4)
        kl = 0.5 * (loc**2 + scale**2 - 1.0) - ops.log(scale)
        self.add_loss(ops.mean(ops.sum(kl, -1)))
        return loc + scale * keras.random.normal(ops.shape(loc), seed=self.seed)


def _distortion(x: Any, logits: Any) -> Any:
    return ops.sum(ops.binary_crossentropy(x, logits, from_logits=True), -1)


def prepare(options: dict[str, Any]) -> Run:
    """An epoch of `fit`."""
    keras.utils.set_random_seed(0)
    images = binary(options).astype("float32")
    x = keras.Input((PIXELS,))
    raw = layers.Dense(2 * LATENT)(layers.Dense(HIDDEN, activation="relu")(x))
    hidden = layers.Dense(HIDDEN, activation="relu")(_Sample()(raw))
    model = keras.Model(x, layers.Dense(PIXELS)(hidden))
    model.compile(keras.optimizers.Adam(RATE), loss=_distortion, jit_compile=True)

    def run() -> dict[str, float]:
        started = time.perf_counter()
        fit = model.fit(images, images, batch_size=BATCH, epochs=1, verbose=0)
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "loss": float(fit.history["loss"][-1])}

    return run
