"""Weights & Biases: one W&B run per run directory."""

import importlib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from vaex.tracking.base import View, values_of, values_of_results


class WandB(View):
    """History, figures, configuration and summary as a W&B run.

    Values are `SPLIT/NAME` over `step`; final results are the summary. Later attempts
    go on with the same W&B run: its id is the run directory's name and a random end,
    chosen once, as `run.fresh=true` and other machines make new runs of that name.
    Without a login the view ends with a warning: log in with `wandb login`, or use
    `tracking.wandb.mode=offline`, where each attempt leaves a folder in RUN/wandb.
    Those are sent by `wandb sync`, oldest first, the later ones with `--append`.
    W&B buffers: the last rows before a process is killed outright may be missing.

    Args:
      project: of W&B.
      entity: user or team; None is W&B's default.
      mode: "online" or "offline"; None follows the variable WANDB_MODE.
      tags: of the W&B run.
    """

    def __init__(
        self,
        project: str = "vaex",
        entity: str | None = None,
        mode: Literal["online", "offline"] | None = None,
        tags: tuple[str, ...] = (),
    ):
        self._options = {"project": project, "entity": entity, "mode": mode}
        self._tags = tags
        self._library: Any = None
        self._run: Any = None
        self._step = 0

    def needs(self) -> tuple[str, ...]:
        """Modules that must be there."""
        return ("wandb",)

    def start(self, config: Mapping[str, Any], folder: Path, known: str | None) -> str:
        """Makes a W&B run or goes on with the one that is known."""
        library = self._library = importlib.import_module("wandb")
        name = known or f"{folder.name}-{uuid.uuid4().hex[:8]}"
        self._run = library.init(
            id=name,
            name=folder.name,
            resume="allow",
            dir=str(folder),
            config=dict(config),
            tags=list(self._tags),
            settings=library.Settings(
                console="off", silent=True, login_timeout=10, init_timeout=30
            ),
            **self._options,
        )
        # Values over the run's own step, whatever W&B counts: a resumed one may go on
        # anywhere.
        self._run.define_metric("*", step_metric="step")
        return name

    def row(self, row: Mapping[str, Any]) -> None:
        """One row of the history."""
        self._step = row["step"]
        self._run.log({"step": self._step, "epoch": row["epoch"]} | values_of(row))

    def figure(self, name: str, path: Path) -> None:
        """The picture, at the last step."""
        image = self._library.Image(str(path))
        self._run.log({"step": self._step, f"figures/{name}": image})

    def results(self, results: Mapping[str, Any]) -> None:
        """Final values, into the summary."""
        self._run.summary.update(values_of_results(results))

    def stop(self, state: str) -> None:
        """Sends what is left, and whether the run came to its end."""
        self._run.finish(exit_code=0 if state == "finished" else 1)
