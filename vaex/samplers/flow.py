"""A masked autoregressive flow fitted to the latents of the training set."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax import Array

from vaex.errors import InputError
from vaex.preparations.identity import Identity
from vaex.priors.masked_autoregressive_flow import MaskedAutoregressiveFlow
from vaex.samplers._early_stop import Patience, fitted
from vaex.samplers._latents import Units, check_latents
from vaex.training.experiment import Experiment
from vaex.training.optimizers import adam
from vaex.training.schedules import cosine


@dataclass(frozen=True)
class Flow:
    """Density of the latents by maximum likelihood, as a masked autoregressive flow.

    Latents are standardised; one that is constant is drawn as that constant. A tenth
    of them is held out: of the looks at it, the weights of the best are kept.

    Attributes:
      num_steps: T of the flow.
      hidden: widths of each step's network; widened to the number of latents.
      learning_rate: of Adam at the start; falls as a cosine.
      patience: steps, and when to stop.
      say: is told progress, with the held-out log-likelihood in nats per latent z.

    Source: the flow is that of `vaex.priors.masked_autoregressive_flow`; densities
      fitted after training as in Ghosh, Sajjadi, Vergari, Black, Scholkopf, "From
      Variational to Deterministic Autoencoders", ICLR 2020,
      https://arxiv.org/abs/1903.12436.

    A fit and its draws, some seconds: `z = sampler(latents, num=64, seed=0)`.

    >>> sampler = Flow(hidden=(32,), patience=Patience(steps=1000), say=print)
    >>> sampler.num_steps, sampler.patience.every
    (5, 100)
    """

    num_steps: int = 5
    hidden: tuple[int, ...] = (64, 64)
    learning_rate: float = 1e-3
    patience: Patience = Patience()
    say: Callable[[str], None] | None = None

    def __call__(self, z: np.ndarray, num: int, seed: int) -> np.ndarray:
        """Fits to latents z [N, L] and draws.

        Args:
          z: [N, L], N at least 20, two of the L at least not constant.
          num: draws.
          seed: of the fit and of the draws.

        Returns:
          [num, L] float32.

        Raises:
          InputError: if z is not one real vector each, or there are too few.
        """
        prior, variables, units = self.fit(z, seed)

        @functools.partial(jax.jit, static_argnums=2)
        def draw(variables: Any, key: Array, num: int) -> Array:
            return prior.apply(variables, None).sample(seed=key, sample_shape=(num,))

        drawn = draw(variables, jax.random.key(seed), num)
        return units.restored(np.asarray(drawn, np.float64))

    def fit(self, z: np.ndarray, seed: int) -> tuple[Any, dict[str, Any], Units]:
        """The flow as a prior, its variables, and the units of z that it is in.

        Its log-density exceeds that of z by `units.log_scale`.
        """
        check_latents(z)
        units = Units.of(z)
        size = int(units.varies.sum())
        if size < 2:
            raise InputError(
                f"a flow needs two latents at least that vary, got {size}; use "
                "GaussianMixture"
            )
        hidden = tuple(max(width, size) for width in self.hidden)
        prior = MaskedAutoregressiveFlow(size, self.num_steps, hidden)
        optimizer = functools.partial(
            adam,
            learning_rate=self.learning_rate,
            schedule=cosine(self.patience.steps),
        )
        experiment = Experiment(prior, _negative_log_likelihood, optimizer, Identity())

        def look(step: int, score: float) -> None:
            if self.say is not None:
                nats = score - units.log_scale
                self.say(f"flow, step {step}: held-out log q(z) {nats:.3f} nats")

        x = units.standardised(z)
        return prior, fitted(experiment, x, seed, self.patience, look), units


def _negative_log_likelihood(
    prior: Any, batch: Mapping[str, Array], *, train: bool
) -> tuple[Array, dict[str, Array]]:
    """Mean of -log p(x) over rows x [B, L], nats."""
    del train
    return -prior(None).log_prob(batch["x"]).mean(), {}
