"""Estimates of a run on its held-out data."""

from collections.abc import Callable
from dataclasses import dataclass
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
from vaex.evaluation.units import in_data_units
from vaex.evaluation.verdict import health_in_words
from vaex.io.load import LoadedRun
from vaex.io.parts import Parts
from vaex.numerics import named_fold


@dataclass(frozen=True, eq=False)
class Estimator:
    """The compiled estimate of one run, for quick looks and for the final word.

    Attributes:
      parts: of the run.
      config: of the evaluation.
      key: named fold of the run's key.
      compiled: the jitted estimate.
    """

    parts: Parts
    config: EvaluationConfig
    key: jax.Array
    compiled: Callable[..., Any]

    @classmethod
    def of(cls, parts: Parts, config: dict[str, Any]) -> "Estimator":
        """For a run's parts and configuration."""
        settings = EvaluationConfig(**config["evaluation"])
        compiled = jax.jit(
            make_estimate(
                parts.experiment.model, parts.preparation, settings.samples_per_chunk
            )
        )
        key = named_fold(jax.random.key(config["seed"]), "evaluate")
        return cls(parts, settings, key, compiled)

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
        data = self.parts.dataset.splits[self.held_out]
        few = {name: a[:num_examples] for name, a in data.items()}
        found = self.estimate(variables, few, self.config.samples_per_chunk)
        names = ("elbo", "distortion", "rate", "reconstruction_loss")
        averages = {k: float(_total(found[k]).mean()) for k in names if k in found}
        averages |= quick_health(found, self.parts.experiment.model.kl_groups)
        return in_data_units(averages, self.parts.preparation.log_det)

    def estimate(
        self,
        variables: Any,
        data: Any,
        num_samples: int,
        on_block: Callable[[int], None] = lambda done: None,
    ) -> dict[str, np.ndarray]:
        """Per-example estimates."""
        return estimate(
            self.compiled,
            variables,
            self.key,
            data,
            num_samples=num_samples,
            block_size=self.config.block_size,
            on_block=on_block,
        )


def evaluate(
    run: LoadedRun,
    estimator: Estimator,
    split: str,
    num_samples: int | None = None,
    *,
    show_progress: bool = True,
) -> dict[str, Any]:
    """Results of a run on one split, with a progress bar where it is wanted."""
    from vaex.cli._progress import CountProgress

    dataset, preparation = run.parts.dataset, run.parts.preparation
    num_samples = num_samples or estimator.config.num_samples
    data = dataset.splits[split]
    label = f"evaluating {split} with {num_samples} samples"
    with CountProgress(len(data["x"]), label) as progress:
        on_block = progress.update if show_progress else lambda done: None
        found = estimator.estimate(run.variables, data, num_samples, on_block)
    head = run.parts.likelihood
    results = summarize(
        found,
        num_samples=num_samples,
        num_elements=int(np.prod(dataset.event_shape)),
        log_det=preparation.log_det,
        is_discrete=head.support.is_discrete or preparation.dequantizes,
        couples_batch=head.couples_batch,
        kl_groups=run.model.kl_groups,
        seed=run.config["seed"],
    )
    first = {name: array[:1] for name, array in data.items()}
    form = kl_form(run.model, preparation, run.variables, first)
    results["rate"] |= {"kl": form}
    results |= _health(run, estimator.key, data, found.get("rate"))
    is_bounded = head.support.is_discrete
    results["verdict"] = health_in_words(results, is_bounded=is_bounded)
    return {"split": split, **results}


def _health(run: LoadedRun, key: jax.Array, data: Any, rate: Any) -> dict[str, Any]:
    """What z carries, of the split's examples or a random part of them."""
    head = run.parts.likelihood
    # It runs once: on a CPU optimising it would take longer than it runs.
    options = {"xla_backend_optimization_level": 0}
    compiled = jax.jit(
        make_health(run.model, run.parts.preparation),
        compiler_options=options if jax.default_backend() == "cpu" else None,
    )
    found, chosen = examine(compiled, run.variables, named_fold(key, "health"), data)
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
