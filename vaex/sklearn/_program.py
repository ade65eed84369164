"""The compiled programs of a structure, shared by all estimators that have it."""

import functools
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

import jax
from jax import Array

from vaex.numerics import named_fold
from vaex.objectives.evidence_lower_bound import elbo
from vaex.objectives.importance_weighted import iwae
from vaex.sklearn._encoding import Encoding
from vaex.sklearn._independent import independent_columns
from vaex.sklearn._semi_supervised import LabelledVAE, labelled_bound
from vaex.sklearn._structure import Structure
from vaex.sklearn._weight_prior import adam_with_prior
from vaex.training.experiment import Experiment
from vaex.training.hparams import arguments
from vaex.training.state import TrainState, make_init, step_rngs
from vaex.training.step import make_chunk, make_step
from vaex.training.updates import UpdatesConfig

KEPT = 16
"""Structures whose programs are kept; the one that was not used for longest goes."""


class Program:
    """Model, preparation and what is compiled of them.

    Args:
      structure: what they are made of.
    """

    def __init__(self, structure: Structure):
        self.structure = structure
        self.preparation = Encoding(structure.groups)
        if structure.num_classes:
            objective: Any = labelled_bound
            self.model: Any = LabelledVAE(
                structure.model(), structure.classifier(), structure.num_classes
            )
        else:
            several = structure.num_samples > 1
            bound = functools.partial(iwae, num_samples=structure.num_samples)
            objective = bound if several else elbo
            self.model = structure.model()
        self.experiment = Experiment(
            model=self.model,
            objective=objective,
            optimizer=adam_with_prior,
            preparation=self.preparation,
            updates=UpdatesConfig(clip_norm=100.0),
        )
        self.kept: dict[Any, Any] = {}

    @cached_property
    def init(self) -> Any:
        """(key, hparams, rows of a batch) -> state."""

        def init(key: Array, hparams: Any, rows: Any) -> TrainState:
            return make_init(self.experiment, rows)(key, hparams)

        return jax.jit(init)

    @cached_property
    def independent(self) -> Any:
        """(state, rows) -> the state whose model is one of independent columns."""

        def found(state: TrainState, rows: Any) -> TrainState:
            own = independent_columns(self.model, state.params["model"], rows)
            return state._replace(params={**state.params, "model": own})

        return jax.jit(found)

    @cached_property
    def chunk(self) -> Any:
        """(state, rows, indices [n, B], count) -> (state, metrics [n])."""
        return jax.jit(make_chunk(make_step(self.experiment)))

    @cached_property
    def look(self) -> Any:
        """(state, key, rows) -> held-out loss, nats a row, with the same noise."""
        root, options = self.experiment.root()

        def look(state: TrainState, key: Array, rows: Mapping[str, Array]) -> Array:
            weights = {**options, **arguments(state.hparams, "objective", options)}
            variables = {"params": state.params, **state.variables}
            batch = self.preparation(named_fold(key, "prepare"), rows)
            rngs = step_rngs(key)
            return root.apply(
                variables, batch, train=False, weights=weights, rngs=rngs
            )[0]

        return jax.jit(look)

    def __reduce__(self) -> Any:
        """Copies and pickles are looked up by the structure."""
        return program_of, (self.structure,)


@lru_cache(maxsize=KEPT)
def program_of(structure: Structure) -> Program:
    """The programs of a structure; the same object for equal ones."""
    return Program(structure)
