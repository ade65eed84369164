"""Types of the configuration that vaex itself owns; parts are open (`Any`)."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING


@dataclass
class Trainer:
    """See `vaex.training.config.TrainConfig`."""

    epochs: int | None = 100
    steps: int | None = None
    batch_size: int | None = None
    log_every: int = 50
    evaluate_every: int | None = None
    evaluate_examples: int = 1000


@dataclass
class Evaluation:
    """See `vaex.evaluation.config.EvaluationConfig`."""

    num_samples: int = 128
    samples_per_chunk: int = 32
    block_size: int = 128


@dataclass
class Run:
    """Where a run goes; no part of its identity."""

    root: str = "runs"
    fresh: bool = False
    figures: bool = True


@dataclass
class Config:
    """A whole configuration."""

    seed: int = 0
    latent_dim: int = 16
    data: Any = MISSING
    preparation: Any = MISSING
    model: Any = MISSING
    encoder: Any = MISSING
    decoder: Any = MISSING
    posterior: Any = MISSING
    prior: Any = MISSING
    likelihood: Any = MISSING
    objective: Any = MISSING
    optimizer: Any = MISSING
    trainer: Trainer = field(default_factory=Trainer)
    evaluation: Evaluation = field(default_factory=Evaluation)
    run: Run = field(default_factory=Run)


def register() -> None:
    """Stores the schema for the defaults list."""
    ConfigStore.instance().store(name="schema", node=Config, provider="vaex")
