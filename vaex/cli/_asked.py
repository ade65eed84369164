"""What a metric of `vaex evaluate --metrics` is handed, and what several share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import numpy as np

from vaex.cli._evaluate import Estimator
from vaex.evaluation.annealing import Annealing
from vaex.evaluation.estimates import estimate
from vaex.evaluation.evidence_sandwich import make_annealed
from vaex.io.load import LoadedRun


@dataclass(frozen=True, eq=False)
class Asked:
    """A run, the estimates of one of its splits, and how more is to be measured.

    Attributes:
      run: what is evaluated.
      estimator: of the run.
      split: its name.
      data: the split as stored.
      found: per-example estimates of all of it.
      num_samples: K that they were made with.
      num_examples: of the split, that the costly metrics take.
      num_temperatures: T of the annealing.
      annealing: the rest of it.
      tolerance: nats; a number that may be off by more is an interval.
      progress: (total, label) -> a context with `update(done)`.
    """

    run: LoadedRun
    estimator: Estimator
    split: str
    data: dict[str, np.ndarray]
    found: dict[str, Any]
    num_samples: int
    num_examples: int
    num_temperatures: int
    annealing: Annealing
    tolerance: float
    progress: Callable[[int, str], Any] = field(repr=False)

    @property
    def parts(self) -> tuple[Any, Any]:
        """Model and preparation."""
        return self.run.model, self.run.parts.preparation

    @cached_property
    def log_det(self) -> np.ndarray | float:
        """Nats per example from prepared to data units, [N] where some are hidden."""
        return self.run.parts.preparation.log_det_of(self.data.get("mask"))

    @property
    def log_det_of_chosen(self) -> np.ndarray | float:
        """The same of the chosen rows."""
        every = self.log_det
        return every[self.chosen] if isinstance(every, np.ndarray) else every

    @cached_property
    def chosen(self) -> np.ndarray:
        """[n] rows of the split, chosen at random once and for all."""
        total = len(self.data["x"])
        order = np.random.default_rng(0).permutation(total)
        return np.sort(order[: self.num_examples])

    @cached_property
    def annealed(self) -> dict[str, np.ndarray]:
        """Lower bounds on log p(x) of the chosen rows; for several metrics."""
        function = make_annealed(*self.parts, self.annealing)
        return self.of_chosen(function, self.num_temperatures, "annealing")

    def of_all(self, function: Any, num: int, label: str) -> dict[str, Any]:
        """A function as `make_estimate` gives, of every row."""
        return self._estimate(jax.jit(function), num, label, self.data)

    def of_chosen(self, function: Any, num: int, label: str) -> dict[str, Any]:
        """A function as `make_estimate` gives, of the chosen rows, with their keys."""
        compiled, rows = jax.jit(function), self.chosen

        def of_rows(variables: Any, key: Any, block: Any, index: Any, k: Any) -> Any:
            return compiled(variables, key, block, rows[index].astype(np.int32), k)

        few = {name: values[rows] for name, values in self.data.items()}
        return self._estimate(of_rows, num, label, few)

    def _estimate(
        self, compiled: Any, num: int, label: str, data: dict[str, np.ndarray]
    ) -> dict[str, Any]:
        total = len(data["x"])
        with self.progress(total, label) as progress:
            return estimate(
                compiled,
                self.run.variables,
                self.estimator.key,
                data,
                num_samples=num,
                block_size=min(self.estimator.block_size, total),
                on_block=progress.update,
            )
