"""Likelihood regret: how much better the posterior could be for this row alone."""

from dataclasses import dataclass
from typing import Any

import distrax
import jax
import jax.numpy as jnp
import optax
from jax import Array

from vaex.anomaly._requirements import (
    need_density,
    need_posterior_density,
    need_prior_density,
)
from vaex.anomaly.base import Draws, Score
from vaex.anomaly.example import Example
from vaex.errors import InputError


@dataclass(frozen=True)
class LikelihoodRegret(Score):
    """max_q ELBO(x; q) - ELBO(x; q(z|x)), nats: the amortisation gap of one row.

    q runs over Gaussians with a diagonal covariance, from the encoder's on, by Adam on
    their means and log-scales, with fresh noise in each step. Both bounds are then
    estimated with the same noise, so that the error of their difference is small. It is
    the sum over rows that are alike of what a better encoder would gain.

    Deviation from the paper, which optimises the encoder's weights for the row: here
    the numbers that the encoder gives out are optimised, which is the same maximum.

    Hazards: not above 0 where the optimiser does not find the maximum, which the noise
    of `gradient_samples` draws also hinders; negative values within its error are 0.
    Costs `num_steps` gradients a row.

    Attributes:
      num_steps: of Adam.
      learning_rate: at the first step, in units of the latent space; it falls to 0 by
        a cosine, which lets the noise of the gradients settle.
      gradient_samples: of each gradient.

    Source: Xiao, Yan, Amit, "Likelihood Regret: An Out-of-Distribution Detection Score
      For Variational Auto-encoder", NeurIPS 2020, https://arxiv.org/abs/2003.02977.

    >>> LikelihoodRegret().num_steps
    100
    """

    num_steps: int = 100
    learning_rate: float = 0.05
    gradient_samples: int = 16

    name = "regret"

    def __post_init__(self) -> None:
        for name in ("num_steps", "gradient_samples"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"{name} must be at least 1, got {getattr(self, name)}"
                )
        if not self.learning_rate > 0:
            raise InputError(f"learning_rate must be above 0, got {self.learning_rate}")

    def check(self, model: Any) -> None:
        """Densities, and a posterior that is a diagonal Gaussian."""
        need_density(self.name, model)
        need_posterior_density(self.name, model)
        need_prior_density(self.name, model)
        posterior = getattr(model, "posterior", None)
        is_gaussian = (
            getattr(posterior, "is_factorized", False)
            and getattr(posterior, "is_reparameterized", False)
            and getattr(posterior, "space", None) == "real vectors"
            and not hasattr(model, "lower_posterior")
        )
        if not is_gaussian:
            raise InputError(
                "score=regret optimises a diagonal Gaussian q(z|x), got posterior "
                f"{type(posterior).__name__} of {type(model).__name__}; use "
                "posterior=diagonal_gaussian with model=vae, or score=elbo"
            )

    def prepare(self, example: Example, key: Array) -> Any:
        """The encoder's mean and log-scale [1, L], and the best ones."""

        def encoded(bound: Any) -> tuple[Array, Array]:
            q = bound.encode(example.batch, train=False)
            return q.mean(), jnp.log(q.stddev())

        start = example.apply(encoded, key)
        rate = optax.cosine_decay_schedule(self.learning_rate, self.num_steps)
        optimizer = optax.adam(rate)

        def loss(numbers: Any, key: Array) -> Array:
            return self._negative_elbo(
                example, numbers, key, self.gradient_samples
            ).mean()

        def step(i: Array, carry: Any) -> Any:
            numbers, state = carry
            slope = jax.grad(loss)(numbers, jax.random.fold_in(key, i))
            updates, state = optimizer.update(slope, state)
            return optax.apply_updates(numbers, updates), state

        best, _ = jax.lax.fori_loop(
            0, self.num_steps, step, (start, optimizer.init(start))
        )
        return start, best

    def draw(
        self, example: Example, prepared: Any, key: Array, num_samples: int
    ) -> Draws:
        """Difference of the two bounds at the same noise."""
        amortised, best = (
            self._negative_elbo(example, numbers, key, num_samples)
            for numbers in prepared
        )
        return Draws(amortised - best)

    def _negative_elbo(
        self, example: Example, numbers: Any, key: Array, num_samples: int
    ) -> Array:
        """[S] of q = N(mean, exp(log-scale)^2)."""
        mean, log_scale = numbers
        q = distrax.Independent(distrax.Normal(mean, jnp.exp(log_scale)), 1)
        terms = example.terms(key, num_samples, q)
        assert terms.log_px_z is not None
        assert terms.kl is not None
        return terms.kl[:, 0].sum(-1) - terms.log_px_z[:, 0]
