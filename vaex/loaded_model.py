"""A trained model to use: encode, decode, reconstruct, sample, score."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np

from vaex.data.spec import Spec
from vaex.errors import InputError
from vaex.evaluation.config import LEAST_BLOCK, EvaluationConfig
from vaex.evaluation.estimates import estimate, make_estimate
from vaex.evaluation.generate import (
    decode_mean,
    encode_means,
    reconstruct,
    sample_prior,
)
from vaex.io.construction import locate
from vaex.io.export import is_export, read_export
from vaex.io.load import load_run
from vaex.numerics import named_fold


@dataclass(frozen=True, eq=False, repr=False)
class LoadedModel:
    """A trained model, of numpy arrays in the unit of the data.

    Where the data are grey levels 0, ..., K - 1, integers are levels and other numbers
    intensities in [0, 1], which are rounded to levels; what comes back are intensities.
    A preparation that draws (binarised or dequantised levels) does so by one fixed key.

    Attributes:
      path: what it was read from.
      model: unbound, see `vaex.types.Model`.
      variables: for `model.apply`.
      preparation: stored rows to batches.
      stored: facts about the data as they were stored.
      config: of the run, resolved.
      results: of its evaluation, None where there are none.
      columns: names along the last axis of the data, () where they have none.
    """

    path: Path
    model: Any
    variables: dict[str, Any]
    preparation: Any
    stored: Spec
    config: dict[str, Any]
    results: dict[str, Any] | None
    columns: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """One line."""
        names = ("encode", "decode", "reconstruct", "sample", "log_prob_estimate")
        shape = self.stored.event_shape
        return f"{type(self.model).__name__} of {shape} ({', '.join(names)})"

    def encode(self, x: Any, condition: Any = None, mask: Any = None) -> Any:
        """Mean of q(z|x), or a draw where it has none in closed form.

        Args:
          x: [N, *E] in the unit of the data.
          condition: [N, C] of a conditional model.
          mask: [N, *E], True where observed.

        Returns:
          [N, L]; of layers the tuple, each at the mean of the one before.
        """
        rows = self._rows(x, condition, mask)
        return encode_means(*self._parts, self._key("load"), rows)

    def decode(self, z: Any, condition: Any = None) -> np.ndarray:
        """E[x|z], [N, *E] in the unit of the data, for z [N, L] or a tuple of layers.

        Class labels, which have no mean, are given by their mode.
        """
        z = jax.tree.map(lambda values: np.asarray(values, np.float32), z)
        leaves = jax.tree.leaves(z)
        if any(leaf.ndim != 2 for leaf in leaves):
            shapes = [leaf.shape for leaf in leaves]
            raise InputError(
                f"z must be [N, L], one row for each example, got {shapes}"
            )
        condition = self._condition(condition, len(leaves[0]))
        return decode_mean(*self._parts, z, condition)

    def reconstruct(
        self, x: Any, condition: Any = None, mask: Any = None
    ) -> np.ndarray:
        """E[x|z] at the z of `encode`, [N, *E]; arguments as there."""
        rows = self._rows(x, condition, mask)
        return reconstruct(*self._parts, self._key("load"), rows)[1]

    def sample(self, num: int, seed: int = 0, condition: Any = None) -> np.ndarray:
        """Draws x ~ p(x), [num, *E]: those of `vaex sample` with the same seed.

        Args:
          num: how many; the first draws are the same for any number.
          seed: of the draws.
          condition: [num, C] of a conditional model.
        """
        if num < 1:
            raise InputError(f"num must be at least 1, got {num}")
        key = named_fold(jax.random.key(seed), "prior samples")
        return sample_prior(*self._parts, key, num, self._condition(condition, num))[0]

    def log_prob_estimate(
        self,
        x: Any,
        num_samples: int | None = None,
        condition: Any = None,
        mask: Any = None,
    ) -> np.ndarray:
        """Importance-weighted estimate of log p(x), a lower bound in expectation.

        The split that a run was evaluated on gets the numbers of that evaluation.

        Args:
          x: [N, *E] in the unit of the data.
          num_samples: K, else that of the configuration.
          condition: [N, C] of a conditional model.
          mask: [N, *E], True where observed.

        Returns:
          [N] nats, of the data in their own unit.

        Raises:
          InputError: where the model has no density.
        """
        rows = self._rows(x, condition, mask)
        found = estimate(
            self._estimate,
            self.variables,
            self._key("evaluate"),
            rows,
            num_samples=num_samples or self._evaluation.num_samples,
            block_size=self._evaluation.block_size or LEAST_BLOCK,
        )
        if "log_px" not in found:
            raise InputError(
                "log_prob_estimate needs a likelihood head, a posterior and a prior "
                "with densities, one of which this model lacks"
            )
        log_det = self.preparation.log_det_of(rows.get("mask"))
        return found["log_px"] + np.asarray(log_det, np.float32)

    @property
    def _parts(self) -> tuple[Any, Any, Any]:
        return self.model, self.variables, self.preparation

    @property
    def _evaluation(self) -> EvaluationConfig:
        return EvaluationConfig(**self.config["evaluation"])

    @cached_property
    def _estimate(self) -> Any:
        count = self._evaluation.samples_per_chunk
        return jax.jit(make_estimate(self.model, self.preparation, count))

    def _key(self, name: str) -> jax.Array:
        return named_fold(jax.random.key(self.config["seed"]), name)

    def _rows(self, x: Any, condition: Any, mask: Any) -> dict[str, np.ndarray]:
        """Rows as a data set stores them."""
        shape, levels = self.stored.event_shape, self.stored.num_classes
        values = np.asarray(x)
        if values.ndim == 0 or values.shape[1:] != shape:
            raise InputError(
                f"x must have shape [N, {', '.join(map(str, shape))}], got "
                f"{values.shape}"
            )
        if not len(values):
            raise InputError("x must hold at least one example, got none")
        rows = {"x": values.astype(np.float32)}
        if levels is not None:
            rows["x"] = _as_levels(values, levels)
        if mask is not None:
            rows["mask"] = np.broadcast_to(np.asarray(mask, bool), values.shape)
        condition = self._condition(condition, len(values))
        return rows if condition is None else rows | {"condition": condition}

    def _condition(self, condition: Any, num: int) -> np.ndarray | None:
        size = self.stored.condition_dim
        if condition is None and not size:
            return None
        found = None if condition is None else np.asarray(condition, np.float32)
        if found is None or not size or found.shape != (num, size):
            got = "none" if found is None else found.shape
            wanted = f"[{num}, {size}]" if size else "left out"
            raise InputError(f"condition must be {wanted} for this model, got {got}")
        return found


def load(path: str | Path) -> Any:
    """Reads an export, or a run directory whose data are there.

    Args:
      path: what `vaex export`, `vaex train` or an estimator's `save` wrote.

    Returns:
      The LoadedModel with its variables, preparation, configuration and results, or the
      estimator of `vaex.sklearn`.

    Raises:
      InputError: if the folder is neither, is damaged or half written, names an import
        path that there is not, or does not fit the model.
    """
    folder = Path(path)
    if (folder / "estimator.json").is_file():
        # By its import path: estimators stand above this file.
        return locate("vaex.sklearn.loading.load", "load")(folder)
    if is_export(folder):
        found = read_export(folder)
        facts = found.facts
        parts = (found.parts.model, found.variables, found.parts.preparation)
        rest = (found.stored, facts["config"], facts["results"])
        return LoadedModel(folder, *parts, *rest, tuple(facts.get("columns", ())))
    if (folder / "model.safetensors").is_file():
        raise InputError(
            f"{path} is an export that was not written to its end: it holds no "
            "manifest.json; export it again"
        )
    if not (folder / "config.json").is_file():
        raise InputError(
            f"{path} is neither an export nor a run directory: it holds neither "
            "manifest.json nor config.json"
        )
    try:
        run = load_run(folder)
    except InputError as error:
        if not str(error).startswith(("data:", "data.")):
            raise
        raise InputError(
            f"{path} is a run directory, which is loaded with its data, and these are "
            f"not here: {error}; run `vaex export` where they are, and load the export"
        ) from error
    return LoadedModel(
        folder,
        run.model,
        run.variables,
        run.parts.preparation,
        run.parts.dataset.spec(),
        run.config,
        run.directory.results(),
        tuple(run.parts.dataset.columns),
    )


def _as_levels(values: np.ndarray, levels: int) -> np.ndarray:
    """Integers 0 to K - 1 as they are, intensities rounded to them, as uint8."""
    top = levels - 1
    is_level = np.issubdtype(values.dtype, np.integer) or values.dtype == bool
    highest = top if is_level else 1.0
    if not ((values >= 0) & (values <= highest)).all():
        bad = values[~((values >= 0) & (values <= highest))]
        raise InputError(
            f"x must hold integer levels from 0 to {top}, or intensities in [0, 1] of "
            f"another type, got {bad[0]} of {values.dtype}"
        )
    return (values if is_level else np.rint(values * top)).astype(np.uint8)
