"""Weights of the networks that a flow's steps are made of."""

import itertools

import flax.linen as nn
from jax import Array


def step_layers(
    module: nn.Module, step: int, hidden: tuple[int, ...], size: int
) -> tuple[tuple[Array, Array], ...]:
    """Parameters of one step's network, from [L] over hidden widths to [2 L].

    The last layer starts at 0, so that the step starts as one that does nothing. They
    are float32, whatever an encoder computes in: a flow's network is a part of its
    density.

    Args:
      module: that holds them, `kernel_<step>_<layer>` and `bias_<step>_<layer>`; in its
        compact method.
      step: number of the step.
      hidden: widths of the layers between.
      size: L.

    Returns:
      Kernel [in, out] and bias [out] of each layer.

    >>> import jax
    >>> class Step(nn.Module):
    ...     @nn.compact
    ...     def __call__(self):
    ...         return step_layers(self, 0, (3,), 2)
    >>> layers, _ = jax.eval_shape(Step().init_with_output, jax.random.key(0))
    >>> [(kernel.shape, bias.shape) for kernel, bias in layers]
    [((2, 3), (3,)), ((3, 4), (4,))]
    """
    some, none = nn.initializers.lecun_normal(), nn.initializers.zeros
    layers = []
    for i, shape in enumerate(itertools.pairwise((size, *hidden, 2 * size))):
        start = none if i == len(hidden) else some
        kernel = module.param(f"kernel_{step}_{i}", start, shape)
        bias = module.param(f"bias_{step}_{i}", none, shape[1:])
        layers.append((kernel, bias))
    return tuple(layers)
