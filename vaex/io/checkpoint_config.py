"""When checkpoints are saved and how many are kept."""

from dataclasses import dataclass

from vaex.errors import InputError


@dataclass(frozen=True)
class CheckpointConfig:
    """The `checkpoint` part of a configuration; it changes no result.

    Beside these a checkpoint is saved at the end and when the run is told to stop.

    Attributes:
      every_steps: steps between checkpoints; None for by time only.
      every_minutes: minutes between checkpoints; None for by steps only.
      keep: how many of the newest are kept; the best is kept as well.
    """

    every_steps: int | None = None
    every_minutes: float | None = 5.0
    keep: int = 2

    def __post_init__(self) -> None:
        if self.every_steps is not None and self.every_steps < 1:
            raise InputError(
                f"checkpoint.every_steps must be at least 1, got {self.every_steps}"
            )
        if self.every_minutes is not None and not self.every_minutes > 0:
            raise InputError(
                f"checkpoint.every_minutes must be above 0, got {self.every_minutes}"
            )
        if self.keep < 1:
            raise InputError(f"checkpoint.keep must be at least 1, got {self.keep}")
