"""VampPrior: the mixture of the posteriors of learned pseudo-inputs."""

from collections.abc import Callable
from typing import Any, ClassVar

import distrax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.errors import InputError
from vaex.priors.base import Prior


class VampPrior(Prior):
    """p(z) = (1/K) sum_k q(z | u_k), the u_k learned in data space.

    Pseudo-inputs are encoded in evaluation mode, so that they leave batch statistics
    alone; their gradient reaches the encoder and the posterior too. They start at the
    mean of the training split plus `noise` times its standard deviation, element by
    element (drawn anew for each u_k; where no mean is known, at N(0, noise^2)), and
    not at training rows: a first batch holds fewer rows than there are pseudo-inputs.

    Attributes:
      latent_dim: L, of the posterior.
      event_shape: E, of what the encoder sees.
      num_pseudo_inputs: K.
      noise: spread of the pseudo-inputs at the start, in standard deviations.
      train_mean: [*E] mean over the training split; handed over by the data.
      train_std: [*E] its standard deviation.

    Numerics: by log-sum-exp over the pseudo-inputs. A step encodes K more rows.

    Source: Tomczak, Welling, "VAE with a VampPrior", AISTATS 2018,
      https://arxiv.org/abs/1705.07120. There the pseudo-inputs of images are clipped
      to [0, 1]; here they are unbounded, since data need not lie there.

    >>> import jax, distrax
    >>> def encode(x):
    ...     return distrax.Independent(distrax.Normal(x, jnp.ones_like(x)), 1)
    >>> prior = VampPrior(latent_dim=2, event_shape=(2,), num_pseudo_inputs=7)
    >>> p = prior.apply(prior.init(jax.random.key(0), encode), encode)
    >>> p.event_shape, p.log_prob(jnp.zeros((5, 2))).shape
    ((2,), (5,))
    """

    event_shape: tuple[int, ...] = ()
    num_pseudo_inputs: int = 500
    noise: float = 1.0
    train_mean: Any = None
    train_std: Any = None

    space: ClassVar[str | None] = None
    needs_posterior_density = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_pseudo_inputs < 1:
            raise InputError(
                f"num_pseudo_inputs must be at least 1, got {self.num_pseudo_inputs}"
            )
        if not self.noise > 0:
            raise InputError(
                f"noise must be above 0, got {self.noise}; pseudo-inputs that start "
                "alike stay alike"
            )

    @classmethod
    def example(cls, latent_dim: int) -> "VampPrior":
        """One that tests can build."""
        return cls(latent_dim, event_shape=(latent_dim,), num_pseudo_inputs=3)

    @nn.compact
    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> distrax.MixtureSameFamily:
        """The prior, with event shape (L,) and batch shape ()."""
        if condition is not None:
            raise InputError(
                "prior VampPrior has no pseudo-inputs for conditions, but the data "
                f"have conditions of shape {condition.shape}; use another prior"
            )
        if encode is None:
            raise InputError("VampPrior needs `encode`; call it through a model")
        shape = (self.num_pseudo_inputs, *self.event_shape)
        q = encode(self.param("pseudo_inputs", self._start, shape))
        logits = jnp.zeros(self.num_pseudo_inputs)
        return distrax.MixtureSameFamily(distrax.Categorical(logits), q)

    def _start(self, key: Array, shape: tuple[int, ...]) -> Array:
        mean = 0.0 if self.train_mean is None else np.asarray(self.train_mean)
        std = 1.0 if self.train_std is None else np.asarray(self.train_std)
        draws = jax.random.normal(key, shape)
        return jnp.float32(mean) + self.noise * jnp.float32(std) * draws
