"""Types of the configuration that vaex itself owns; parts are open (`Any`)."""

from dataclasses import dataclass, field, fields, make_dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from vaex.evaluation.config import EvaluationConfig
from vaex.io.checkpoint_config import CheckpointConfig
from vaex.training.config import TrainConfig
from vaex.training.processes import DistributedConfig
from vaex.training.updates import UpdatesConfig


@dataclass
class Run:
    """Where a run goes; no part of its identity."""

    root: str = "runs"
    fresh: bool = False
    accept_changes: bool = False
    retry: bool = False  # of a sweep: jobs that failed before, too
    figures: bool = True


@dataclass
class Config:
    """A configuration, but for `trainer`, `updates`, `checkpoint`, `evaluation`."""

    seed: int = 0
    latent_dim: int = 16
    precision: str = "float32"  # of encoders and decoders; or bfloat16
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
    tracking: dict[str, Any] = field(default_factory=dict)
    run: Run = field(default_factory=Run)


def _opened(config: type) -> type:
    """The fields of a frozen dataclass; OmegaConf would keep one from being changed."""
    found = [(f.name, f.type, field(default=f.default)) for f in fields(config)]
    return make_dataclass(config.__name__, found)


def _root() -> type:
    """`Config` with the library's own dataclasses in it."""
    groups = {
        "trainer": _opened(TrainConfig),
        "updates": _opened(UpdatesConfig),
        "checkpoint": _opened(CheckpointConfig),
        "evaluation": _opened(EvaluationConfig),
        "distributed": _opened(DistributedConfig),
    }
    typed = [(name, of, field(default_factory=of)) for name, of in groups.items()]
    return make_dataclass("Root", typed, bases=(Config,))


Root = _root()
"""The whole schema."""


def register() -> None:
    """Stores the schema for the defaults list."""
    ConfigStore.instance().store(name="schema", node=Root, provider="vaex")
