"""Features of a small classifier that is trained here, to compare samples in.

N examples, E event, D features, C classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from vaex.data.dataset import Dataset
from vaex.data.keeping import kept
from vaex.errors import InputError
from vaex.numerics import named_fold
from vaex.threefry import fold_in

VERSION, CONVOLUTIONAL_VERSION = 1, "convolutional 1"
"""Of the network and its training: another has other features."""

HIDDEN, CHANNELS = (256, 64), (16, 32)
"""Widths of dense layers, of which the last are the features, and of convolutions."""

STEPS, LEARNING_RATE = 3000, 1e-3
CONVOLUTIONAL_STEPS, CONVOLUTIONAL_RATE = 1500, 2e-3
BATCH = 128
BLOCK = 1024

MOST = 100_000
"""Examples that are learned from; of more a random part, as all go to the device."""


class _Network(nn.Module):
    num_classes: int
    is_convolutional: bool

    @nn.compact
    def __call__(self, x: Array) -> tuple[Array, Array]:
        """Features [B, D] after their non-linearity, and logits [B, C]."""
        hidden = HIDDEN
        if self.is_convolutional:
            x, hidden = x.reshape(*x.shape[:3], -1), HIDDEN[-1:]
            for width in CHANNELS:
                x = nn.relu(nn.Conv(width, (3, 3), strides=(2, 2))(x))
        x = x.reshape(len(x), -1)
        for width in hidden:
            x = nn.relu(nn.Dense(width)(x))
        return x, nn.Dense(self.num_classes)(x)


@dataclass(frozen=True, eq=False)
class FeatureClassifier:
    """A trained classifier of a data set's labels.

    Attributes:
      name: what it is, for whoever reads a number made with it.
      params: of the network, layer -> name -> array.
      mean: [*E] or scalar, subtracted from x in data units.
      scale: [*E] or scalar, that x is then divided by.
      accuracy: on the held-out split: what its features know.
    """

    name: str
    params: Mapping[str, Mapping[str, np.ndarray]]
    mean: np.ndarray
    scale: np.ndarray
    accuracy: float

    def features(self, x: np.ndarray) -> np.ndarray:
        """Features [N, 64] float32 of x [N, *E] in data units."""
        return self._outputs(x)[0]

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Class [N], as its rank among the labels, of x [N, *E] in data units."""
        return self._outputs(x)[1].argmax(-1)

    def _outputs(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        results = []
        for start in range(0, len(x), BLOCK):
            rows = np.minimum(np.arange(start, start + BLOCK), len(x) - 1)
            prepared = (np.asarray(x[rows], np.float32) - self.mean) / self.scale
            results.append(_apply(dict(self.params), prepared))
        features, logits = zip(*jax.device_get(results), strict=True)
        return np.concatenate(features)[: len(x)], np.concatenate(logits)[: len(x)]


def in_data_units(x: np.ndarray, num_levels: int | None) -> np.ndarray:
    """Stored values [N, *E] in data units: grey levels as intensities in [0, 1].

    >>> in_data_units(np.array([[0, 3]], np.uint8), 4).tolist()
    [[0.0, 1.0]]
    """
    x = np.asarray(x, np.float32)
    return x if num_levels is None else x / (num_levels - 1)


def train_classifier(
    dataset: Dataset, *, seed: int = 0, steps: int | None = None
) -> FeatureClassifier:
    """Trains a classifier of a data set's labels, or takes the one that was kept.

    Of images, [H, W] or [H, W, C] without names of columns, two 3 x 3 convolutions of
    stride 2 (16, 32 channels, relu) and a dense layer (64, relu); of all else two dense
    layers (256, 64, relu). Then logits; cross entropy, Adam, 1500 steps at 2e-3 for
    images and 3000 at 1e-3 for others, of 128 examples drawn with replacement: 31 s of
    processor time on MNIST, 13 s on digits, 3 s for a table, compilation included. Kept
    in the data folder under what it depends on: checksum of the data, seed, steps,
    version.

    Args:
      dataset: with `label`; its training split is learned from, its test split gives
        the accuracy.
      seed: of initial weights and order.
      steps: of training, in place of these.

    Returns:
      The classifier. Its numbers compare with those of the same data set and seed
      alone, and, to the last digit, of the same machine.

    Raises:
      InputError: if the data have no labels of two classes at least, or masks.

    >>> x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    >>> split = {"x": x, "label": (x[:, 0] > 0).astype(np.int32)}
    >>> data = Dataset("line", {"train": split, "test": split}, None, "")
    >>> found = train_classifier(data, steps=300)
    >>> found.name, found.accuracy > 0.9, found.features(x).shape
    ("vaex's own line classifier, seed 0, accuracy 1.000", True, (40, 64))
    """
    _check(dataset)
    train, test = dataset.splits["train"], dataset.splits["test"]
    classes = np.unique(train["label"])
    if dataset.num_levels is None:
        spec = dataset.spec()
        varies = spec.train_std > 1e-6 * np.abs(spec.train_mean)
        mean, scale = spec.train_mean, np.where(varies, spec.train_std, 1.0)
    else:
        # One for all: a pixel that hardly varies would blow up what is not data.
        mean = scale = np.asarray(0.5, np.float32)

    is_image = _is_image(dataset)
    if steps is None:
        steps = CONVOLUTIONAL_STEPS if is_image else STEPS

    def compute() -> dict[str, np.ndarray]:
        labels = np.searchsorted(classes, train["label"])
        network = _Network(len(classes), is_image)
        params = _trained(network, dataset, labels, mean, scale, seed, steps)
        return {f"{layer}.{k}": v for layer, p in params.items() for k, v in p.items()}

    version = CONVOLUTIONAL_VERSION if is_image else VERSION
    key = ["feature classifier", version, dataset.checksum, seed, steps]
    found = kept(key, compute) if dataset.checksum else compute()
    params: dict[str, dict[str, np.ndarray]] = {}
    for name, array in found.items():
        layer, _, leaf = name.partition(".")
        params.setdefault(layer, {})[leaf] = array
    parts = params, np.asarray(mean), np.asarray(scale, np.float32)
    classifier = FeatureClassifier("", *parts, 0.0)
    x = in_data_units(test["x"][:], dataset.num_levels)
    right = classes[classifier.predict(x)] == test["label"]
    accuracy = float(right.mean())
    kind = f"{dataset.name} convolutional" if is_image else dataset.name
    name = f"vaex's own {kind} classifier, seed {seed}, accuracy {accuracy:.3f}"
    return FeatureClassifier(name, *parts, accuracy)


@jax.jit
def _apply(params: Any, x: Array) -> tuple[Array, Array]:
    is_image = "Conv_0" in params
    last = 1 if is_image else len(HIDDEN)
    classes = params[f"Dense_{last}"]["bias"].shape[0]
    found: Any = _Network(classes, is_image).apply({"params": params}, x)
    return found


def _trained(
    network: _Network,
    dataset: Dataset,
    labels: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    seed: int,
    steps: int,
) -> dict[str, dict[str, np.ndarray]]:
    order = np.random.default_rng(seed).permutation(len(labels))[:MOST]
    rows = np.sort(order)
    data, labels = dataset.splits["train"]["x"][rows], labels[rows]
    top = 1.0 if dataset.num_levels is None else dataset.num_levels - 1.0
    is_image = network.is_convolutional
    optimizer = optax.adam(CONVOLUTIONAL_RATE if is_image else LEARNING_RATE)

    def loss(params: Any, x: Array, label: Array) -> Array:
        logits: Any = network.apply({"params": params}, x)
        found = optax.softmax_cross_entropy_with_integer_labels(logits[1], label)
        return found.mean()

    def batch(step: Any, key: Array, data: Array, labels: Array) -> tuple[Array, Array]:
        fold = fold_in(named_fold(key, "order"), step)
        rows = jax.random.randint(fold, (BATCH,), 0, len(labels))
        x = data[rows].astype(jnp.float32) / top
        return (x - mean) / scale, labels[rows]

    def start(*given: Array) -> tuple[Any, Any]:
        params: Any = network.init(named_fold(given[0], "init"), batch(0, *given)[0])
        return params["params"], optimizer.init(params["params"])

    def step(number: Any, carry: tuple[Any, Any], *given: Array) -> tuple[Any, Any]:
        params, state = carry
        slope = jax.grad(loss)(params, *batch(number, *given))
        updates, state = optimizer.update(slope, state)
        return optax.apply_updates(params, updates), state

    given = jax.device_put((jax.random.key(seed), data, labels))
    if is_image:
        # XLA:CPU computes gradients of convolutions many times slower in a loop.
        carry, one = jax.jit(start)(*given), jax.jit(step, donate_argnums=1)
        for number in range(steps):
            carry = one(np.int32(number), carry, *given)
        return jax.device_get(carry[0])

    @jax.jit
    def run(*given: Array) -> Any:
        def body(number: Array, carry: tuple[Any, Any]) -> tuple[Any, Any]:
            return step(number, carry, *given)

        return jax.lax.fori_loop(0, steps, body, start(*given))[0]

    return jax.device_get(run(*given))


def _is_image(dataset: Dataset) -> bool:
    """Whether events are [H, W] or [H, W, C]; rows of named columns are not."""
    return len(dataset.event_shape) in (2, 3) and not dataset.columns


def _check(dataset: Dataset) -> None:
    train, test = dataset.splits["train"], dataset.splits["test"]
    if "label" not in train or "label" not in test:
        raise InputError(
            f"{dataset.name} has no labels to train a classifier on; "
            "give features of your own to frechet_distance and neighbour_scores"
        )
    if "mask" in train or "mask" in test:
        raise InputError(f"{dataset.name} has masked values, which no classifier takes")
    if len(np.unique(train["label"])) < 2:
        raise InputError(f"{dataset.name} has labels of one class only, needs two")
