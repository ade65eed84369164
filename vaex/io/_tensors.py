"""Trees of arrays as named tensors, and the shapes that a model wants."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from vaex.data.spec import Spec
from vaex.errors import InputError
from vaex.training.state import step_rngs

MOMENTS = ("train_mean", "train_std")
_SPEC = "spec/"


def write_tensors(path: Path, variables: Mapping[str, Any], stored: Spec) -> int:
    """Writes variables, and the moments of the training split, as safetensors.

    Args:
      path: of the file.
      variables: nested dicts of arrays; a tensor is named params/encoder/... .
      stored: of the data; its moments are named spec/train_mean, spec/train_std.

    Returns:
      Number of the model's numbers.
    """
    from safetensors.numpy import save

    tensors = {name: np.array(leaf, order="C") for name, leaf in _flat(variables)}
    count = sum(tensor.size for tensor in tensors.values())
    for name in MOMENTS:
        tensors[_SPEC + name] = np.array(getattr(stored, name), order="C")
    # Not `save_file`, which lets nobody but the owner read the file.
    path.write_bytes(save(tensors))
    return count


def read_tensors(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Nested variables, and the moments by name."""
    from safetensors.numpy import load_file

    tensors = load_file(path)
    moments = {name: tensors.pop(_SPEC + name) for name in MOMENTS}
    variables: dict[str, Any] = {}
    for name, tensor in tensors.items():
        *above, last = name.split("/")
        inner = variables
        for part in above:
            inner = inner.setdefault(part, {})
        inner[last] = tensor
    return variables, moments


def expected_variables(model: Any, preparation: Any, stored: Spec) -> Any:
    """Shapes and dtypes of a model's variables: nothing is computed.

    Args:
      model: unbound.
      preparation: (key, stored rows) -> Batch.
      stored: facts about the rows as they are stored.

    Returns:
      Nested dicts of ShapeDtypeStructs.
    """
    dtype = np.float32 if stored.num_classes is None else np.uint8
    rows = {"x": np.zeros((1, *stored.event_shape), dtype)}
    if stored.condition_dim:
        rows["condition"] = np.zeros((1, stored.condition_dim), np.float32)

    def init(key: jax.Array) -> Any:
        rngs = {"params": key, **step_rngs(key)}
        options: dict[str, Any] = {"num_samples": 1, "train": False}
        batch = preparation(key, rows)
        return model.init(rngs, batch, method="terms", **options)

    return jax.eval_shape(init, jax.random.key(0))


def check_fit(found: Any, wanted: Any, what: str) -> None:
    """Refuses variables that are not those of a model, in one line.

    Raises:
      InputError: with how many are missing, left over and of another shape, and the
        path of the first.
    """
    saved, needed = dict(_described(found)), dict(_described(wanted))
    missing, extra = needed.keys() - saved.keys(), saved.keys() - needed.keys()
    other = {k for k in saved.keys() & needed.keys() if saved[k] != needed[k]}
    differing = sorted(missing | extra | other)
    if not differing:
        return
    first = differing[0]
    counts = f"{len(missing)} missing, {len(extra)} left over, {len(other)} of another"
    raise InputError(
        f"{what} does not fit the model of its config.json in {len(differing)} places "
        f"({counts} shape), the first {first}: saved {saved.get(first, 'nothing')}, "
        f"the model has {needed.get(first, 'nothing')}; load it with the code that it "
        "was trained with, or export it again"
    )


def _flat(tree: Any) -> list[tuple[str, Any]]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return [("/".join(str(key.key) for key in path), leaf) for path, leaf in leaves]


def _described(tree: Any) -> list[tuple[str, str]]:
    return [(k, f"{leaf.dtype}{list(leaf.shape)}") for k, leaf in _flat(tree)]
