"""Independent columns: the model that an autoencoder has to be better than.

N rows, F features, D columns of the model.
"""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from vaex.likelihoods.base import Likelihood
from vaex.models.vae import VAE

STEPS, RATE = 300, 0.1
"""Of Adam, from 0 on; raw numbers go no further than about 15."""


def independent_head(
    head: Likelihood, params: Mapping[str, Any], rows: Mapping[str, Array]
) -> dict[str, Any]:
    """A head fitted by maximum likelihood without z: its kernel 0, the rest fitted.

    All N rows in each of 300 steps of Adam, whose rate falls by a cosine. It forgets
    squared gradients after ten steps: those of the first are huge where data are far
    from what raw numbers of 0 say.

    Args:
      head: of the model.
      params: its parameters; `projection` holds the kernel [F, ...] and the bias.
      rows: `x` and `mask`, [N, D].

    Returns:
      Parameters like those given: the best of those that were passed.

    >>> from vaex.likelihoods.bernoulli import Bernoulli
    >>> head, x = Bernoulli(event_shape=(1,)), jnp.array([[1.0], [1.0], [1.0], [0.0]])
    >>> params = head.init(jax.random.key(0), jnp.zeros((4, 3)))["params"]
    >>> rows = {"x": x, "mask": jnp.ones((4, 1), bool)}
    >>> fitted = independent_head(head, params, rows)
    >>> round(float(jax.nn.sigmoid(fitted["projection"]["bias"][0])), 3)
    0.75
    """
    kernel = params["projection"]["kernel"]
    nothing = jnp.zeros((len(rows["x"]), 1))
    none = jnp.zeros((1, kernel.shape[1]))

    def loss(free: Any) -> Array:
        def nats(bound: Likelihood) -> Array:
            return bound.reconstruction_loss(nothing, rows["x"], rows["mask"])

        variables = {"params": _with_kernel(free, none)}
        return nn.apply(nats, head)(variables).mean()

    def step(
        carried: tuple[Any, Any, Any, Array], _: None
    ) -> tuple[tuple[Any, Any, Any, Array], None]:
        free, state, best, least = carried
        value, slope = jax.value_and_grad(loss)(free)
        better = value < least
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), free, best)
        change, state = adam.update(slope, state)
        free = optax.apply_updates(free, change)
        return (free, state, best, jnp.minimum(value, least)), None

    adam = optax.adam(optax.cosine_decay_schedule(RATE, STEPS), b2=0.9)
    bias = {"bias": params["projection"]["bias"]}
    free = {**params, "projection": bias}
    start = (free, adam.init(free), free, jnp.float32(jnp.inf))
    (_, _, best, _), _ = jax.lax.scan(step, start, None, length=STEPS)
    return _with_kernel(best, jnp.zeros_like(kernel))


def independent_columns(
    model: Any, params: Mapping[str, Any], rows: Mapping[str, Array]
) -> dict[str, Any]:
    """Parameters of a model that is one of independent columns.

    q(z|x) is the prior and the decoder is not listened to: the bound is log p(x),
    whatever is drawn. Training does not start here: no gradient leads away, and heads
    fitted to columns of few values have scales whose gradients have vanished.

    Args:
      model: a `VAE`, or a model whose `vae` is one.
      params: of it, as initialised.
      rows: `x` and `mask`, [N, D].
    """
    if not isinstance(model, VAE):
        return {**params, "vae": independent_columns(model.vae, params["vae"], rows)}
    projection = params["posterior"]["projection"]
    raw = projection["bias"].reshape(model.posterior.raw_shape)
    one = np.log(np.expm1(1.0 - model.posterior.min_scale))  # of which the scale is 1
    raw = jnp.zeros_like(raw).at[:, 1].set(one)
    neutral = {
        "kernel": jnp.zeros_like(projection["kernel"]),
        "bias": raw.reshape(projection["bias"].shape),
    }
    head = independent_head(model.likelihood, params["likelihood"], rows)
    return {**params, "likelihood": head, "posterior": {"projection": neutral}}


def _with_kernel(params: Mapping[str, Any], kernel: Array) -> dict[str, Any]:
    return {**params, "projection": {**params["projection"], "kernel": kernel}}
