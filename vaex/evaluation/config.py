"""How held-out estimates are made."""

from dataclasses import dataclass

from vaex.errors import InputError


@dataclass(frozen=True)
class EvaluationConfig:
    """The `evaluation` part of a configuration.

    Attributes:
      num_samples: K of the importance-weighted estimate.
      samples_per_chunk: posterior samples drawn at a time; part of the estimate's
        identity, as each chunk has its own key.
      block_size: examples at a time.
    """

    num_samples: int = 128
    samples_per_chunk: int = 16
    block_size: int = 128

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if getattr(self, name) < 1:
                raise InputError(
                    f"evaluation.{name} must be at least 1, got {getattr(self, name)}"
                )
