"""An objective on a small model, compiled once for all properties.

B batch, E event, L latent.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.likelihoods.bernoulli import Bernoulli
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.objectives.evidence_lower_bound import elbo
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.testing._compiled import quick_jit
from vaex.training.experiment import Experiment
from vaex.training.hparams import Hparams, arguments
from vaex.training.optimizers import sgd
from vaex.training.state import make_init, step_rngs
from vaex.types import Batch, Metrics, Terms

B, E, L = 6, 3, 2


class Calls:
    """What was asked of a model while an objective was traced."""

    def __init__(self) -> None:
        self.samples: list[int] = []
        self.training_encodes = 0


class Watched(VAE):
    """A VAE that counts the calls of its verbs in `calls`."""

    calls: Any = None

    def terms(self, batch: Any, *, num_samples: int, train: bool, **options: Any):
        """As `VAE.terms`."""
        self.calls.samples.append(num_samples)
        terms: Terms = super().terms(
            batch, num_samples=num_samples, train=train, **options
        )
        return terms

    def encode(self, batch: Any, *, train: bool = False, **options: Any):
        """As `VAE.encode`."""
        self.calls.training_encodes += train
        return super().encode(batch, train=train, **options)


class Found(NamedTuple):
    """One evaluation of an objective.

    Attributes:
      loss: scalar.
      metrics: of the objective.
      ledger: of the ELBO, at the same parameters, key and number of samples.
      gradient: of the loss, {"model": ..., "objective"?: ...}.
    """

    loss: Array
    metrics: Metrics
    ledger: Metrics
    gradient: Any


class Subject:
    """An objective on a small VAE of bits, compiled once for all properties."""

    def __init__(self, objective: Callable[..., tuple[Array, Metrics]]):
        self.calls, self.traces = Calls(), 0
        model = Watched(
            encoder=MLPEncoder(hidden=(4,)),
            posterior=DiagonalGaussian(L),
            prior=StandardGaussian(L),
            decoder=MLPDecoder(hidden=(4,)),
            likelihood=Bernoulli(event_shape=(E,)),
            calls=self.calls,
        )
        bits = np.random.default_rng(0).integers(0, 2, (B, E))
        mask = jnp.ones((B, E), bool)
        self.batch = {"x": jnp.asarray(bits, jnp.float32), "mask": mask}
        self.experiment = Experiment(model, objective, sgd, lambda key, stored: stored)
        self.hparams = self.experiment.hparams()
        init = make_init(self.experiment, self.batch)
        self.state = quick_jit(init)(jax.random.key(0), self.hparams)
        self._program = quick_jit(self._evaluate)

    def at(self, hparams: Hparams, params: Any = None, batch: Any = None) -> Found:
        """At these weights, and at parameters or a batch other than the first."""
        params = self.state.params if params is None else params
        batch = self.batch if batch is None else batch
        variables = self.state.variables
        return jax.device_get(self._program(params, variables, hparams, batch))

    @functools.cached_property
    def found(self) -> Found:
        """At the weights that the objective came with."""
        return self.at(self.hparams)

    def _evaluate(
        self, params: Any, variables: Any, hparams: Hparams, batch: Batch
    ) -> Found:
        self.traces += 1
        root, options = self.experiment.root()
        rngs = step_rngs(jax.random.key(1))
        weights = {**options, **arguments(hparams, "objective")}
        self.calls.__init__()

        def loss_fn(params: Any) -> Any:
            (loss, metrics), _ = root.apply(
                {"params": params, **variables},
                batch,
                train=True,
                weights=weights,
                step=jnp.int32(3),
                rngs=rngs,
                mutable=list(variables),
            )  # type: ignore[misc]
            return loss, metrics

        gradient = jax.value_and_grad(loss_fn, has_aux=True)
        (loss, metrics), slopes = gradient(params)
        asked = list(self.calls.samples)
        ledger = self._elbo(params, variables, batch, rngs, asked[0] if asked else 1)
        self.calls.samples = asked
        return Found(loss, metrics, ledger, slopes)

    def _elbo(
        self, params: Any, variables: Any, batch: Batch, rngs: Any, num_samples: int
    ) -> Metrics:
        encodes = self.calls.training_encodes
        plain = functools.partial(elbo, num_samples=num_samples)
        root, options = Experiment(
            self.experiment.model, plain, sgd, self.experiment.preparation
        ).root()
        only = {"params": {"model": params["model"]}}
        for name, collection in variables.items():
            if "model" in collection:
                only[name] = {"model": collection["model"]}
        (_, ledger), _ = root.apply(
            only,
            batch,
            train=True,
            weights=options,
            rngs=rngs,
            mutable=list(variables),
        )  # type: ignore[misc]
        self.calls.training_encodes = encodes
        return ledger
