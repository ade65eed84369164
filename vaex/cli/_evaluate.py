"""Estimates of a run on its held-out data."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from vaex.evaluation.config import EvaluationConfig
from vaex.evaluation.estimates import estimate, kl_form, make_estimate
from vaex.evaluation.latent_health import (
    Reasons,
    examine,
    make_health,
    summarize_health,
)
from vaex.evaluation.summary import quick_health, summarize
from vaex.evaluation.units import in_data_units, observed_elements
from vaex.evaluation.verdict import health_in_words
from vaex.io.load import LoadedRun
from vaex.io.parts import Parts
from vaex.numerics import named_fold, seed_key


class Programs:
    """What is compiled to estimate a model, shared by all runs of one structure.

    Args:
      parts: of a run of the structure.
      config: of its evaluation.
    """

    def __init__(self, parts: Parts, config: EvaluationConfig):
        self._model, self._preparation = parts.experiment.model, parts.preparation
        self.function = make_estimate(
            self._model, self._preparation, config.samples_per_chunk
        )
        self.estimate = jax.jit(self.function)
        self._form: list[str | None] = []

    @cached_property
    def health(self) -> Callable[..., Any]:
        """What z carries."""
        # It runs once: on a CPU optimising it would take longer than it runs.
        options = {"xla_backend_optimization_level": 0}
        return jax.jit(
            make_health(self._model, self._preparation),
            compiler_options=options if jax.default_backend() == "cpu" else None,
        )

    def kl_form(self, variables: Any, rows: Any) -> str | None:
        """How the model has its rate; of the structure, so it is asked once."""
        if not self._form:
            self._form.append(kl_form(self._model, self._preparation, variables, rows))
        return self._form[0]


@dataclass(frozen=True, eq=False)
class Estimator:
    """The estimates of one run, for quick looks and for the final word.

    Attributes:
      parts: of the run.
      config: of the evaluation.
      seed: of the run.
      programs: compiled.
    """

    parts: Parts
    config: EvaluationConfig
    seed: int
    programs: Programs

    @classmethod
    def of(
        cls, parts: Parts, config: dict[str, Any], programs: Programs | None = None
    ) -> "Estimator":
        """For a run's parts and configuration, with the programs of its structure."""
        settings = EvaluationConfig(**config["evaluation"])
        programs = programs or Programs(parts, settings)
        return cls(parts, settings, config["seed"], programs)

    @cached_property
    def key(self) -> jax.Array:
        """Named fold of the run's key; made where it is needed."""
        return named_fold(seed_key(self.seed), "evaluate")

    @cached_property
    def block_size(self) -> int:
        """Examples at a time, the same in looks and at the end: one program."""
        dataset = self.parts.dataset
        num_examples = len(dataset.splits[self.held_out]["x"])
        return self.config.block_for(num_examples, dataset.event_shape)

    @property
    def held_out(self) -> str:
        """The split that is watched while training."""
        splits = self.parts.dataset.splits
        return "validation" if "validation" in splits else "test"

    def quick(self, variables: Any, num_examples: int) -> dict[str, float]:
        """Averages over the first examples of the held-out split, one chunk each.

        Returns:
          `elbo`, `distortion`, `rate` and `reconstruction_loss`, those that exist;
          `kl/<name>` of each group of latent dimensions, nats, and `active_units`.
        """
        few = self.few(num_examples)
        return self.averages(
            self.estimate(variables, few, self.config.samples_per_chunk)
        )

    def few(self, num_examples: int) -> dict[str, Any]:
        """The first examples of the held-out split."""
        data = self.parts.dataset.splits[self.held_out]
        return {name: a[:num_examples] for name, a in data.items()}

    def averages(self, found: dict[str, np.ndarray]) -> dict[str, float]:
        """What a quick look tells, from per-example estimates."""
        names = ("elbo", "distortion", "rate", "reconstruction_loss")
        averages = {k: float(_total(found[k]).mean()) for k in names if k in found}
        averages |= quick_health(found, self.parts.experiment.model.kl_groups)
        mask = self.parts.dataset.splits[self.held_out].get("mask")
        if mask is not None:
            mask = mask[: len(next(found[k] for k in names if k in found))]
        log_det = float(np.mean(self.parts.preparation.log_det_of(mask)))
        return in_data_units(averages, log_det)

    def estimate(
        self,
        variables: Any,
        data: Any,
        num_samples: int,
        on_block: Callable[[int], None] = lambda done: None,
    ) -> dict[str, np.ndarray]:
        """Per-example estimates."""
        return estimate(
            self.programs.estimate,
            variables,
            self.key,
            data,
            num_samples=num_samples,
            block_size=self.block_size,
            on_block=on_block,
        )


def evaluate(
    run: LoadedRun,
    estimator: Estimator,
    split: str,
    num_samples: int | None = None,
    *,
    show_progress: bool = True,
    check: Callable[[], None] = lambda: None,
    further: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Results of a run on one split, with a progress bar where it is wanted.

    Args:
      run: to evaluate.
      estimator: of the run.
      split: of its data.
      num_samples: K; None for that of the configuration.
      show_progress: whether to.
      check: called after every block; may raise.
      further: (results, per-example estimates) -> results with more in them.
    """
    from vaex.cli._progress import CountProgress

    num_samples = num_samples or estimator.config.num_samples
    data = run.parts.dataset.splits[split]
    label = f"evaluating {split} with {num_samples} samples"

    def on_block(done: int) -> None:
        check()
        if show_progress:
            progress.update(done)

    with CountProgress(len(data["x"]), label) as progress:
        found = estimator.estimate(run.variables, data, num_samples, on_block)
    results = conclude(run, estimator, split, found, num_samples)
    return further(results, found) if further else results


def conclude(
    run: LoadedRun,
    estimator: Estimator,
    split: str,
    found: dict[str, np.ndarray],
    num_samples: int,
) -> dict[str, Any]:
    """Results of a run on one split, from per-example estimates of all of it."""
    dataset, preparation = run.parts.dataset, run.parts.preparation
    data = dataset.splits[split]
    head = run.parts.likelihood
    results = summarize(
        found,
        num_samples=num_samples,
        num_elements=observed_elements(data.get("mask"), dataset.event_shape),
        log_det=preparation.log_det_of(data.get("mask")),
        is_discrete=head.support.is_discrete or preparation.dequantizes,
        couples_batch=head.couples_batch,
        kl_groups=run.model.kl_groups,
        seed=run.config["seed"],
    )
    first = {name: array[:1] for name, array in data.items()}
    form = estimator.programs.kl_form(run.variables, first)
    results["rate"] |= {"kl": form}
    results |= _health(run, estimator, data, found.get("rate"))
    is_bounded = head.support.is_discrete
    results["verdict"] = health_in_words(results, is_bounded=is_bounded)
    return {"split": split, **results}


def _health(
    run: LoadedRun, estimator: Estimator, data: Any, rate: Any
) -> dict[str, Any]:
    """What z carries, of the split's examples or a random part of them."""
    head, compiled = run.parts.likelihood, estimator.programs.health
    key = named_fold(estimator.key, "health")
    found, chosen = examine(compiled, run.variables, key, data)
    return summarize_health(
        found,
        None if rate is None else rate[chosen].sum(-1),
        Reasons.of(run.model),
        is_normalized=head.is_normalized,
        is_conditional="condition" in data,
        min_scale=head.min_scale,
    )


def _total(values: np.ndarray) -> np.ndarray:
    return values.sum(-1) if values.ndim == 2 else values
