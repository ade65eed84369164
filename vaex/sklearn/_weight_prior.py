"""Adam under a prior for the weights."""

from typing import Any

import jax
import optax

from vaex.types import NonNegative


def adam_with_prior(
    learning_rate: NonNegative = 1e-3, precision: NonNegative = 0.0
) -> optax.GradientTransformation:
    """Adam on the loss plus precision / 2 times the sum of the squared kernels.

    With a loss in nats a row, and P / N for the precision, it looks for the most
    probable weights given N rows under the prior N(0, 1 / P) of each: few rows hold
    them near 0, where the model is of independent columns, many do not. Biases are
    free.

    Args:
      learning_rate: of Adam.
      precision: of the prior, for each row.

    Source: MacKay, "A Practical Bayesian Framework for Backpropagation Networks",
      Neural Computation 4, 1992, https://doi.org/10.1162/neco.1992.4.3.448.

    >>> import jax.numpy as jnp
    >>> params = {"kernel": jnp.ones(1), "bias": jnp.ones(1)}
    >>> optimizer = adam_with_prior(0.5, 2.0)
    >>> zero = jax.tree.map(jnp.zeros_like, params)
    >>> change, _ = optimizer.update(zero, optimizer.init(params), params)
    >>> {name: bool(value[0] < 0) for name, value in change.items()}
    {'bias': False, 'kernel': True}
    """
    pulled = optax.add_decayed_weights(precision, mask=_kernels)
    return optax.chain(pulled, optax.adam(learning_rate))


def _kernels(params: Any) -> Any:
    return jax.tree_util.tree_map_with_path(
        lambda path, _: getattr(path[-1], "key", None) == "kernel", params
    )
