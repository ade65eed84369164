"""Reading a trained run back."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from vaex.errors import InputError
from vaex.io.checkpoint import complete, restore, verify
from vaex.io.parts import Parts, assemble
from vaex.io.run_directory import RunDirectory
from vaex.training.config import TrainConfig
from vaex.training.state import TrainState, make_init, model_variables


@dataclass(frozen=True, eq=False)
class LoadedRun:
    """A run rebuilt from its directory.

    Attributes:
      directory: where it is.
      config: resolved.
      parts: data, preparation and experiment.
      state: the last train state.
    """

    directory: RunDirectory
    config: dict[str, Any]
    parts: Parts
    state: TrainState

    @property
    def model(self) -> Any:
        """The model, unbound."""
        return self.parts.experiment.model

    @property
    def variables(self) -> dict[str, Any]:
        """The model's variables, for `model.apply`."""
        return model_variables(self.state)


def final_checkpoint(directory: RunDirectory) -> Path | None:
    """The checkpoint that a run's results are of; of one under way the newest.

    Where it is damaged the next older one that is whole is taken, with a warning.

    Returns:
      None where there is none.

    Raises:
      InputError: if there are some, all of them damaged.
    """
    found = complete(directory.checkpoints)
    chosen = directory.status().get("checkpoint")
    if chosen is not None:
        found = [path for path in found if int(path.name) <= chosen]
    first: InputError | None = None
    for path in found:
        try:
            verify(path)
            return path
        except InputError as error:
            first = first or error
            warnings.warn(f"{error}; the one before it is used", stacklevel=3)
    if first is not None:
        raise InputError(f"{first}, and no older one is whole") from first
    return None


def load_run(path: str | Path) -> LoadedRun:
    """Rebuilds a run from its `config.json` and newest checkpoint.

    Args:
      path: the directory that `vaex train` printed.

    Raises:
      InputError: if it is no run, has no checkpoint, its checkpoint is damaged or
        does not fit, or the data are not those that it was trained on.
    """
    if (Path(path) / "manifest.json").is_file():
        raise InputError(
            f"{path} is an export, which holds neither data nor a train state; give "
            "the run directory that it was made from, or use vaex.load in Python"
        )
    directory = RunDirectory.open(path)
    config = directory.config()
    checkpoint = final_checkpoint(directory)
    if checkpoint is None:
        state = directory.status().get("state", "unknown")
        raise InputError(
            f"{path} has no checkpoint (its state is {state!r}); run its `vaex train` "
            "line again to finish it"
        )
    parts = assemble(config)
    refuse_other_data(directory, parts)
    like = state_shapes(parts, config)
    return LoadedRun(directory, config, parts, restore(checkpoint, like))


def refuse_other_data(directory: RunDirectory, parts: Parts) -> None:
    """Refuses data that a run was not trained on.

    Raises:
      InputError: if the checksums differ.
    """
    before = directory.status().get("data", {}).get("checksum")
    now = parts.dataset.checksum
    if before not in (None, now):
        raise InputError(
            f"{directory.path} was trained on other data than the "
            f"{parts.dataset.name} found now (checksum {before[:10]}, now {now[:10]}); "
            "restore the data, or train anew"
        )


def state_shapes(parts: Parts, config: Mapping[str, Any]) -> TrainState:
    """What a run's train state looks like: ShapeDtypeStructs, nothing computed.

    Args:
      parts: of the run.
      config: resolved; a batch of its size, as some objectives refuse one example.
    """
    train = parts.dataset.splits["train"]
    size = TrainConfig(**config["trainer"]).batch_size_for(len(train["x"]))
    init = make_init(parts.experiment, {name: a[:size] for name, a in train.items()})
    return jax.eval_shape(init, jax.random.key(0), parts.experiment.hparams())
