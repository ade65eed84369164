"""log p(x) between bounds: annealed importance sampling, and its way back.

N examples, T temperatures, R + 1 places of a curve.
"""

from collections.abc import Callable
from typing import Any

import distrax
import flax.linen as nn
import jax
from jax import Array

from vaex.errors import InputError
from vaex.evaluation.annealing import Annealing, Path, anneal
from vaex.evaluation.densities_of_z import (
    draw_example,
    joint_density,
    lacks_density,
    posterior_moments,
)
from vaex.evaluation.estimates import Preparation
from vaex.numerics import log_mean_exp, named_fold
from vaex.threefry import fold_in
from vaex.types import Batch


def make_annealed(
    model: nn.Module, preparation: Preparation, settings: Annealing
) -> Callable[..., dict[str, Array]]:
    """A function (variables, key, stored rows, row indices, T) -> lower bounds.

    To be called by `vaex.evaluation.estimates.estimate`, T for its number of samples:
    x is prepared as there, with its key, and T is traced.

    Args:
      model: unbound.
      preparation: (key, stored) -> Batch.
      settings: of the annealing.

    Returns:
      The function, not jitted; it maps over examples. Its result holds, by example,
      in nats of prepared values: `log_px`, log of the mean of C annealed weights, in
      expectation a lower bound on log p(x) that rises with T and C; `acceptance` of
      the transitions; and, from the prior, `curve_log_z` and `curve_log_px_z` [R + 1]:
      log of the mean weight for p(z) p(x|z)^b, and the weighted mean of log p(x|z)
      under it.

    Raises:
      InputError: if log p(x, z) of real z cannot be had from the model.

    Source: Wu, Burda, Salakhutdinov, Grosse, "On the Quantitative Analysis of
      Decoder-Based Generative Models", ICLR 2017, https://arxiv.org/abs/1611.04273.
    """
    _check(model)

    def example(variables: Any, key: Array, row: Any, index: Array, total: Array):
        key = fold_in(key, index)
        stored = jax.tree.map(lambda a: a[None], row)
        batch = preparation(named_fold(key, "prepare"), stored)
        path = make_path(model, variables, batch, settings, key)
        found = anneal(path, settings, named_fold(key, "anneal"), total)
        result = {
            "log_px": log_mean_exp(found.log_weights),
            "acceptance": found.acceptance,
        }
        if settings.start == "prior":
            curve = {"curve_log_z": found.log_z, "curve_log_px_z": found.tilt}
            result |= curve
        return result

    return jax.vmap(example, in_axes=(None, None, 0, 0, None))


def make_sandwich(
    model: nn.Module, preparation: Preparation, settings: Annealing
) -> Callable[..., dict[str, Array]]:
    """A function (variables, key, stored rows, row indices, T) -> both bounds.

    For each row an x is drawn from the model (with the row's condition and mask), so
    that the z it was drawn from is an exact draw from p(z|x), and log p(x) of that x is
    bounded by annealing forth, and back from that z.

    Args:
      model: unbound.
      preparation: (key, stored) -> Batch.
      settings: of the annealing.

    Returns:
      The function, not jitted; it maps over examples. Its result holds, by example,
      in nats of prepared values: `lower` and `upper`, in expectation a lower and an
      upper bound on log p(x), and `acceptance`.

    Raises:
      InputError: if log p(x, z) of real z cannot be had from the model.

    Source: Grosse, Ghahramani, Adams, "Sandwiching the marginal likelihood using
      bidirectional Monte Carlo", 2015, https://arxiv.org/abs/1511.02543; for decoders
      Wu, Burda, Salakhutdinov, Grosse, ICLR 2017, https://arxiv.org/abs/1611.04273.
    """
    _check(model)
    sees = getattr(preparation, "encoder_input", lambda x: None)

    def example(variables: Any, key: Array, row: Any, index: Array, total: Array):
        key = named_fold(fold_in(key, index), "sandwich")
        stored = jax.tree.map(lambda a: a[None], row)
        given = preparation(named_fold(key, "prepare"), stored)
        draw_key = named_fold(key, "simulate")
        batch, exact = draw_example(model, variables, given, draw_key, sees)
        path = make_path(model, variables, batch, settings, key)
        found = anneal(path, settings, named_fold(key, "anneal"), total, exact)
        assert found.log_weights_back is not None
        return {
            "lower": log_mean_exp(found.log_weights),
            "upper": -log_mean_exp(-found.log_weights_back),
            "acceptance": found.acceptance,
        }

    return jax.vmap(example, in_axes=(None, None, 0, 0, None))


def make_path(
    model: nn.Module, variables: Any, batch: Batch, settings: Annealing, key: Array
) -> Path:
    """From p(z), or from the Gaussian that stands for q(z|x), to p(x, z).

    Args:
      model: unbound.
      variables: of the model.
      batch: one example, prepared, [1, ...] each.
      settings: of the annealing.
      key: of draws from q(z|x), where its moments have no closed form.
    """
    density = joint_density(model, variables, batch)
    if settings.start == "prior":
        like = jax.eval_shape(lambda key: density.draw(key, 1), key)
        one = jax.numpy.ones(like.shape[1:])
        return Path(density.log_pz, density.log_px_z, density.draw, one)
    moments_key = named_fold(key, "moments")
    q, _ = posterior_moments(model, variables, batch, moments_key)

    def base(z: Array) -> Array:
        return distrax.Normal(q.loc, q.scale).log_prob(z).sum(-1)

    def tilt(z: Array) -> Array:
        return density.log_px_z(z) + density.log_pz(z) - base(z)

    def draw(key: Array, num: int) -> Array:
        return q.loc + q.scale * jax.random.normal(key, (num, *q.loc.shape))

    return Path(base, tilt, draw, q.scale)


def _check(model: nn.Module) -> None:
    reason = lacks_density(model)
    if reason is not None:
        raise InputError(f"no annealed importance sampling: {reason}")
