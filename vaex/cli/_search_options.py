"""What a search is told: the keys of `hydra.sweeper`."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vaex.errors import InputError

HELD_OUT = "held_out"
DIRECTIONS = ("maximize", "minimize")


@dataclass(frozen=True)
class SearchOptions:
    """The keys of `hydra.sweeper`.

    Attributes:
      n_trials: trials of the study, those of earlier calls and failed ones with them;
        None for all of a grid, else 32.
      batch: trials asked for at once, which a launcher may train as one program.
      sampler: tpe, random, grid, or an import path.
      sampler_options: its keyword arguments.
      pruner: none, median, successive_halving, hyperband, or an import path.
      pruner_options: its keyword arguments; a resource is a look at held-out data.
      metric: one or several. `held_out.NAME` is a column of the looks at the
        validation split; anything else a dotted path in results.json.
      direction: maximize or minimize, one for each metric. The ELBO is maximised.
      seed: of the sampler.
      study_name: folder inside of ROOT/sweeps; None to name it after the line.
      timeout: seconds after which no batch is begun.
      params: more words of the space, key -> value.
    """

    n_trials: int | None = None
    batch: int = 8
    sampler: str = "tpe"
    sampler_options: Mapping[str, Any] = field(default_factory=dict)
    pruner: str = "none"
    pruner_options: Mapping[str, Any] = field(default_factory=dict)
    metric: str | Sequence[str] = f"{HELD_OUT}.elbo"
    direction: str | Sequence[str] | None = None
    seed: int = 0
    study_name: str | None = None
    timeout: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, least in (("n_trials", 1), ("batch", 1), ("seed", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise _refused(name, f"must be at least {least}", value)
        if self.timeout is not None and not self.timeout > 0:
            raise _refused("timeout", "must be positive seconds", self.timeout)
        name = self.study_name
        if name is not None and not re.fullmatch(r"\w[\w.-]*", name):
            raise _refused(
                "study_name", "must be a folder's name of letters, digits, . _ -", name
            )
        if not self.metrics or not all(isinstance(m, str) and m for m in self.metrics):
            raise _refused(
                "metric", "must name a metric or a list of them", self.metric
            )
        if len(self.directions) != len(self.metrics):
            raise _refused(
                "direction", "must be one for each metric", list(self.directions)
            )
        if self.pruner != "none" and len(self.metrics) > 1:
            raise InputError(
                f"hydra.sweeper.pruner={self.pruner} works for one metric, got "
                f"{list(self.metrics)}; leave the pruner out"
            )

    @classmethod
    def of(cls, keys: Mapping[str, Any]) -> "SearchOptions":
        """From the node of the configuration."""
        names = {f.name for f in dataclasses.fields(cls)}
        found = {k: v for k, v in keys.items() if k in names}
        for name in ("sampler_options", "pruner_options", "params"):
            value = found[name] = found.get(name) or {}
            if not isinstance(value, Mapping):
                raise _refused(name, "must be a dictionary, such as {a: 1}", value)
        return cls(**found)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics, one or several."""
        found = self.metric
        return (found,) if isinstance(found, str) else tuple(found)

    @property
    def directions(self) -> tuple[str, ...]:
        """Maximize or minimize for each metric.

        >>> SearchOptions().directions
        ('maximize',)
        """
        if self.direction is None:
            return tuple(map(_natural, self.metrics))
        found = self.direction
        found = (found,) if isinstance(found, str) else tuple(found)
        for direction in found:
            if direction not in DIRECTIONS:
                raise _refused("direction", "must be maximize or minimize", direction)
        return found

    @property
    def identity(self) -> tuple[str, ...]:
        """Words that tell two searches of the same space apart.

        >>> SearchOptions(n_trials=3).identity == SearchOptions(n_trials=30).identity
        True
        """
        names = ("sampler", "sampler_options", "pruner", "pruner_options", "seed")
        chosen = {name: getattr(self, name) for name in names}
        chosen |= {"metric": [*self.metrics], "direction": [*self.directions]}
        return tuple(f"search.{name}={value!r}" for name, value in chosen.items())


def _natural(metric: str) -> str:
    """The direction that needs no word."""
    if metric in (f"{HELD_OUT}.elbo", "elbo.value"):
        return "maximize"
    raise InputError(
        "hydra.sweeper.direction must be given for a metric other than the ELBO, got "
        f"hydra.sweeper.metric={metric}; add hydra.sweeper.direction=minimize, or "
        "maximize"
    )


def _refused(name: str, rule: str, value: Any) -> InputError:
    return InputError(f"hydra.sweeper.{name} {rule}, got {value!r}")
