"""TensorBoard: event files in RUN/tensorboard."""

import importlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vaex.tracking.base import View, values_of, values_of_results


class TensorBoard(View):
    """Scalars, figures and the configuration as TensorBoard's event files.

    They lie in `tensorboard/` in the run directory; look at all runs with
    `tensorboard --logdir runs`. Scalars are `SPLIT/NAME` over the step, in nats where
    they are densities; final results are `results/SPLIT/NAME` at the last step. Each
    attempt writes a file of its own; TensorBoard shows them as one curve.

    Events are written here and now by tensorboardX's `EventsWriter`: its
    `SummaryWriter` hands them to a thread, loses what was not yet written when the
    process is killed, and waits for ever once that thread has met a full disk.
    """

    def __init__(self) -> None:
        self._library: Any = None
        self._writer: Any = None
        self._step = 0

    def needs(self) -> tuple[str, ...]:
        """Modules that must be there."""
        return ("tensorboardX",)

    def start(self, config: Mapping[str, Any], folder: Path, known: str | None) -> str:
        """Opens a file of events; the first one gets the configuration."""
        self._library = importlib.import_module("tensorboardX")
        files = folder / "tensorboard"
        files.mkdir(exist_ok=True)
        number = len(list(files.iterdir()))  # two may begin within a second
        module = importlib.import_module("tensorboardX.event_file_writer")
        self._writer = module.EventsWriter(str(files / "events"), f".{number}")
        if known is None:
            text = f"```json\n{json.dumps(config, indent=2)}\n```"
            self._write(self._library.summary.text("config", text))
        return folder.name

    def row(self, row: Mapping[str, Any]) -> None:
        """One scalar per value."""
        self._step = row["step"]
        self._scalars(values_of(row))

    def flush(self) -> None:
        """Onto the disk."""
        self._writer.flush()

    def figure(self, name: str, path: Path) -> None:
        """The picture, without its transparency."""
        image = importlib.import_module("matplotlib.image").imread(path)[..., :3]
        make = self._library.summary.image
        self._write(make(f"figures/{name}", image, dataformats="HWC"))

    def results(self, results: Mapping[str, Any]) -> None:
        """Final values, at the last step."""
        self._scalars(values_of_results(results))

    def stop(self, state: str) -> None:
        """Writes out what is left."""
        self._writer.close()

    def _scalars(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._write(self._library.summary.scalar(name, value))

    def _write(self, summary: Any) -> None:
        event = importlib.import_module("tensorboardX.proto.event_pb2").Event
        made = event(step=self._step, wall_time=time.time(), summary=summary)
        self._writer.write_event(made)
