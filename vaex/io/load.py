"""Reading a trained run back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from vaex.errors import InputError
from vaex.io.checkpoint import latest, restore
from vaex.io.parts import Parts, assemble
from vaex.io.run_directory import RunDirectory
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
    checkpoint = latest(directory.checkpoints)
    if checkpoint is None:
        state = directory.status().get("state", "unknown")
        raise InputError(
            f"{path} has no checkpoint (its state is {state!r}); run its `vaex train` "
            "line again to finish it"
        )
    parts = assemble(config)
    before = directory.status().get("data", {}).get("checksum")
    now = parts.dataset.checksum
    if before not in (None, now):
        raise InputError(
            f"{path} was trained on other data than the {parts.dataset.name} found "
            f"now (checksum {before[:10]}, now {now[:10]}); restore the data, or "
            "train anew"
        )
    rows = {name: a[:1] for name, a in parts.dataset.splits["train"].items()}
    init = make_init(parts.experiment, rows)
    like = jax.eval_shape(init, jax.random.key(0), parts.experiment.hparams())
    return LoadedRun(directory, config, parts, restore(checkpoint, like))
