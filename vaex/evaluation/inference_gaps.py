"""What is lost between log p(x) and the ELBO: by the family of q, by the encoder.

N examples.
"""

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import numpy as np
from jax import Array

from vaex.evaluation.densities_of_z import posterior_moments
from vaex.evaluation.estimates import Preparation
from vaex.evaluation.local_posterior import make_local_posterior
from vaex.evaluation.summary import average
from vaex.numerics import named_fold
from vaex.threefry import fold_in

NATS = "nats/example"


def make_gaps(
    model: nn.Module, preparation: Preparation, **options: Any
) -> Callable[..., dict[str, Array]]:
    """A function (variables, key, stored rows, row indices, K) -> two ELBOs.

    To be called by `vaex.evaluation.estimates.estimate`, with any K: x is prepared as
    there, with its key.

    Args:
      model: unbound.
      preparation: (key, stored) -> Batch.
      **options: of `vaex.evaluation.local_posterior.make_local_posterior`.

    Returns:
      The function, not jitted; it maps over examples. Its result holds, by example,
      nats of prepared values: `local_elbo` of the best diagonal Gaussian, and
      `start_elbo` of the Gaussian that stands for q(z|x), by the same random numbers;
      `is_gaussian`, whether that is q(z|x) itself.

    Raises:
      InputError: if log p(x, z) of real z cannot be had from the model.
    """
    fit = make_local_posterior(model, **options)

    def example(variables: Any, key: Array, row: Any, index: Array, k: Array):
        del k
        key = fold_in(key, index)
        stored = jax.tree.map(lambda a: a[None], row)
        batch = preparation(named_fold(key, "prepare"), stored)
        _, is_gaussian = posterior_moments(model, variables, batch, key)
        best = fit(variables, named_fold(key, "gaps"), batch)
        return {
            "local_elbo": best.elbo,
            "start_elbo": best.start_elbo,
            "is_gaussian": jax.numpy.asarray(is_gaussian),
        }

    return jax.vmap(example, in_axes=(None, None, 0, 0, None))


def summarize_gaps(
    found: Mapping[str, np.ndarray],
    elbo: np.ndarray,
    log_px: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """The entry `gaps` of results: value, standard error over examples, unit.

    - `approximation`: log p(x) - L*, what the best diagonal Gaussian of an example
      loses: the family of q is too poor for p(z|x).
    - `amortisation`: L* - L, what the encoder loses to it. Where q(z|x) is of another
      family this may be negative: the encoder's q is then better than any Gaussian.
    - `inference`: the sum, log p(x) - L = KL(q(z|x) || p(z|x)).

    log p(x) is the highest of the lower bounds on average, so that `approximation` and
    `inference` are lower bounds too; L* is reached from below, so that `amortisation`
    is one, while it makes `approximation` larger.

    Args:
      found: `make_gaps`' by `estimate`, name -> [N].
      elbo: [N] nats, L of the encoder's q(z|x).
      log_px: name of a method -> [N] nats, its lower bound on log p(x).

    Source: Cremer, Li, Duvenaud, "Inference Suboptimality in Variational Autoencoders",
      ICML 2018, https://arxiv.org/abs/1801.03558.

    >>> found = {"local_elbo": np.full(3, -2.0), "start_elbo": np.full(3, -2.5),
    ...          "is_gaussian": np.full(3, True)}
    >>> gaps = summarize_gaps(found, np.full(3, -2.4), {"ais": np.full(3, -1.0)})
    >>> [gaps[k]["value"] for k in ("approximation", "amortisation", "inference")]
    [1.0, 0.5, 1.5]
    """
    heights = {k: float(np.mean(values)) for k, values in log_px.items()}
    name = max(heights, key=lambda k: -np.inf if np.isnan(heights[k]) else heights[k])
    best = np.asarray(log_px[name], np.float64)
    local = np.asarray(found["local_elbo"], np.float64)
    is_gaussian = bool(np.all(found["is_gaussian"]))
    own = found["start_elbo"] if is_gaussian else elbo
    own = np.asarray(own, np.float64)
    return {
        "approximation": average(best - local, NATS),
        "amortisation": average(local - own, NATS),
        "inference": average(best - own, NATS),
        "log_px_by": name,
        "family": "diagonal Gaussian",
        "num_examples": len(best),
    }
