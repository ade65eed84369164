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

VERSION = 1
"""Of the network and its training: another has other features."""

HIDDEN = (256, 64)
"""Widths; the features are the last."""

STEPS, BATCH, LEARNING_RATE = 3000, 128, 1e-3
BLOCK = 1024

MOST = 100_000
"""Examples that are learned from; of more a random part, as all go to the device."""


class _Network(nn.Module):
    num_classes: int

    @nn.compact
    def __call__(self, x: Array) -> tuple[Array, Array]:
        """Features [B, D] after their non-linearity, and logits [B, C]."""
        x = x.reshape(len(x), -1)
        for width in HIDDEN:
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
    dataset: Dataset, *, seed: int = 0, steps: int = STEPS
) -> FeatureClassifier:
    """Trains a classifier of a data set's labels, or takes the one that was kept.

    Two dense layers (256, 64, relu) and logits; Adam at 1e-3, cross entropy, 3000 steps
    of 128 examples drawn with replacement; seconds on two cores. Kept in the data
    folder under what it depends on: the data's checksum, seed, steps, version.

    Args:
      dataset: with `label`; its training split is learned from, its test split gives
        the accuracy.
      seed: of initial weights and order.
      steps: of training.

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
        varies = spec.train_std > 1e-6 * np.maximum(np.abs(spec.train_mean), 1.0)
        mean, scale = spec.train_mean, np.where(varies, spec.train_std, 1.0)
    else:
        # One for all: a pixel that hardly varies would blow up what is not data.
        mean = scale = np.asarray(0.5, np.float32)

    def compute() -> dict[str, np.ndarray]:
        labels = np.searchsorted(classes, train["label"])
        params = _trained(dataset, labels, len(classes), mean, scale, seed, steps)
        return {f"{layer}.{k}": v for layer, p in params.items() for k, v in p.items()}

    key = ["feature classifier", VERSION, dataset.checksum, seed, steps]
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
    name = f"vaex's own {dataset.name} classifier, seed {seed}, accuracy {accuracy:.3f}"
    return FeatureClassifier(name, *parts, accuracy)


@jax.jit
def _apply(params: Any, x: Array) -> tuple[Array, Array]:
    classes = params[f"Dense_{len(HIDDEN)}"]["bias"].shape[0]
    found: Any = _Network(classes).apply({"params": params}, x)
    return found


def _trained(
    dataset: Dataset,
    labels: np.ndarray,
    num_classes: int,
    mean: np.ndarray,
    scale: np.ndarray,
    seed: int,
    steps: int,
) -> dict[str, dict[str, np.ndarray]]:
    order = np.random.default_rng(seed).permutation(len(labels))[:MOST]
    rows = np.sort(order)
    data, labels = dataset.splits["train"]["x"][rows], labels[rows]
    top = 1.0 if dataset.num_levels is None else dataset.num_levels - 1.0
    network = _Network(num_classes)
    optimizer = optax.adam(LEARNING_RATE)

    def loss(params: Any, x: Array, label: Array) -> Array:
        logits: Any = network.apply({"params": params}, x)
        found = optax.softmax_cross_entropy_with_integer_labels(logits[1], label)
        return found.mean()

    @jax.jit
    def run(key: Array, data: Array, labels: Array) -> Any:
        def batch(step: Array) -> tuple[Array, Array]:
            fold = jax.random.fold_in(named_fold(key, "order"), step)
            rows = jax.random.randint(fold, (BATCH,), 0, len(labels))
            x = data[rows].astype(jnp.float32) / top
            return (x - mean) / scale, labels[rows]

        def step(number: Array, carry: tuple[Any, Any]) -> tuple[Any, Any]:
            params, state = carry
            slope = jax.grad(loss)(params, *batch(number))
            updates, state = optimizer.update(slope, state)
            return optax.apply_updates(params, updates), state

        params: Any = network.init(named_fold(key, "init"), batch(jnp.int32(0))[0])
        start = params["params"], optimizer.init(params["params"])
        return jax.lax.fori_loop(0, steps, step, start)[0]

    return jax.device_get(run(jax.random.key(seed), data, labels))


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
