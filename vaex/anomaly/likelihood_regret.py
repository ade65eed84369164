"""Likelihood regret: how much better the posterior could be for this row alone."""

from dataclasses import dataclass
from typing import Any

import distrax
from jax import Array

from vaex.anomaly._requirements import (
    need_density,
    need_posterior_density,
    need_prior_density,
)
from vaex.anomaly.base import Draws, Score
from vaex.anomaly.example import Example
from vaex.errors import InputError
from vaex.evaluation.densities_of_z import is_diagonal_gaussian
from vaex.evaluation.local_posterior import make_local_posterior

CHOOSING = 64
"""Draws that say whether the optimised q is better than the encoder's."""


@dataclass(frozen=True)
class LikelihoodRegret(Score):
    """max_q ELBO(x; q) - ELBO(x; q(z|x)), nats: the amortisation gap of one row.

    q runs over Gaussians with a diagonal covariance, from the encoder's on; see
    `vaex.evaluation.local_posterior.make_local_posterior`, which finds it. Both bounds
    are then estimated with the same noise, so that the error of their difference is
    small, and with other noise than q was found by. It is the sum over rows that are
    alike of what a better encoder would gain.

    Deviation from the paper, which optimises the encoder's weights for the row: here
    the numbers that the encoder gives out are optimised, which is the same maximum.

    Hazards: too low where the optimiser does not reach the maximum. It moves a mean by
    `num_steps * learning_rate / 2` standard deviations of q(z|x) at most. 0 where it
    finds nothing better; negative values within its error are 0. Costs
    `num_steps * gradient_samples` gradients a row.

    Attributes:
      num_steps: of Adam.
      learning_rate: at the first step, in standard deviations of q(z|x) (of the mean)
        and logarithms (of the scale); it falls to 0 by a cosine.
      gradient_samples: of each gradient, an even number.

    Source: Xiao, Yan, Amit, "Likelihood Regret: An Out-of-Distribution Detection Score
      For Variational Auto-encoder", NeurIPS 2020, https://arxiv.org/abs/2003.02977.

    >>> LikelihoodRegret().num_steps
    400
    """

    num_steps: int = 400
    learning_rate: float = 0.3
    gradient_samples: int = 4

    name = "regret"

    def __post_init__(self) -> None:
        if self.num_steps < 1:
            raise InputError(f"num_steps must be at least 1, got {self.num_steps}")
        if self.gradient_samples < 2 or self.gradient_samples % 2:
            raise InputError(
                "gradient_samples must be even and at least 2, as they are drawn in "
                f"pairs, got {self.gradient_samples}"
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
            raise _refusal(model)

    def prepare(self, example: Example, key: Array) -> Any:
        """Mean and scale [1, L] of the encoder's q, and of the best."""

        def encoded(bound: Any) -> tuple[Array, Array]:
            q = bound.encode(example.batch, train=False)
            if not is_diagonal_gaussian(q):
                raise _refusal(example.model)
            return q.mean(), q.stddev()

        fit = make_local_posterior(
            example.model,
            num_steps=self.num_steps,
            num_samples=self.gradient_samples,
            learning_rate=self.learning_rate,
            final_samples=CHOOSING,
        )
        best = fit(example.variables, key, example.batch)
        return example.apply(encoded, key), (best.loc[None], best.scale[None])

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
        """[S] of q = N(mean, scale^2)."""
        mean, scale = numbers
        q = distrax.Independent(distrax.Normal(mean, scale), 1)
        terms = example.terms(key, num_samples, q)
        assert terms.log_px_z is not None
        assert terms.kl is not None
        return terms.kl[:, 0].sum(-1) - terms.log_px_z[:, 0]


def _refusal(model: Any) -> InputError:
    posterior = type(getattr(model, "posterior", None)).__name__
    return InputError(
        "score=regret optimises a diagonal Gaussian q(z|x), got posterior "
        f"{posterior} of {type(model).__name__}; use posterior=diagonal_gaussian with "
        "model=vae, or score=elbo"
    )
