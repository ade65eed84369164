"""Terms of a model with two layers, split for gradient estimators.

The slope of log w in z1 takes every way on which z1 enters: the decoder, both
conditional densities, and z2, which is drawn given z1. Then the identities behind
estimators that drop the posterior's score hold for the pair (z1, z2) as for a vector.

Source: Tucker, Lawson, Gu, Maddison, "Doubly Reparameterized Gradient Estimators for
  Monte Carlo Objectives", ICLR 2019, https://arxiv.org/abs/1810.04152; on the ways
  through a hierarchical posterior, Bauer, Mnih, "Generalized Doubly-Reparameterized
  Gradient Estimators", ICML 2021, https://arxiv.org/abs/2101.11046.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from vaex.models._latent_pairs import check_events
from vaex.models._lifted import lifted_vjp
from vaex.models._observed import reconstruct
from vaex.models._two_layers import Pair, TwoLayers
from vaex.types import Batch, Terms


def split_terms(
    model: Any,
    batch: Batch,
    q: TwoLayers,
    top: Any,
    z1: Array,
    key: Array,
    train: bool,
    settings: Mapping[str, Array],
) -> Terms:
    """Densities at frozen z, and the path: see `vaex.models.vae.VAE.terms`.

    Every network runs once, so that noise layers and batch statistics are those of the
    samples.

    Args:
      model: a bound TwoLayerVAE.
      batch: B examples.
      q: q(z1|x) q(z2|z1), of which the first is used.
      top: p(z2).
      z1: [S, B, L1] samples of q(z1|x), differentiable.
      key: of z2.
      train: whether statistics are updated and noise layers are on.
      settings: traced settings of the posteriors.

    Returns:
      Terms, in nats.
    """
    frozen, condition = jax.lax.stop_gradient, batch.get("condition")
    at1, q1 = frozen(z1), jax.tree.map(frozen, q.first)

    def upper(module: Any, inputs: Pair) -> tuple[Pair, Pair]:
        """z2 and its log-density; that of frozen z2, and the KL."""
        z1, shift = inputs
        q2 = module.upper(z1, condition, train, settings)
        z2 = q2.sample(seed=key)
        check_events(top, z2)
        z2 = z2 + shift
        own = q2.log_prob(frozen(z2))
        divergence = module.upper_divergence(q2, top, own - top.log_prob(z2))
        return (z2, q2.log_prob(z2)), (own, divergence)

    def lower(module: Any, z: Pair) -> tuple[Array, Any]:
        """Log p(x, z1, z2) - log q(z1|x); its three parts of p."""
        z1, z2 = z
        p1 = module.lower_prior(z2, condition, train)
        log_p1, log_p2 = p1.log_prob(z1), top.log_prob(z2)
        log_px_z, _ = reconstruct(module, batch, z1, train)
        assert log_px_z is not None
        value = log_px_z + log_p1 + log_p2 - q1.log_prob(z1)
        return value, (log_px_z, log_p1, log_p2)

    # The slope in z2 at a given z1 is that in a shift of the sample.
    shift = jnp.zeros((*z1.shape[:2], *top.event_shape), z1.dtype)
    drawn, pull_upper, (log_q2, divergence) = lifted_vjp(model, upper, (at1, shift))
    z2, at2 = drawn[0], frozen(drawn[0])
    value, pull_lower, parts = lifted_vjp(model, lower, (at1, at2))
    one = jnp.ones_like(value)
    direct, down = pull_lower(one)
    through, slope2 = pull_upper((down, -one))
    # Of z2 as it is drawn here z1 is frozen: what z1 moves by it is in `through`.
    path1 = (frozen(direct + through) * (z1 - at1)).sum(-1)
    path2 = (frozen(slope2) * (z2 - at2)).sum(-1)
    log_px_z, log_p1, log_p2 = parts
    log_q1 = q.first.log_prob(at1)
    return Terms(
        log_px_z=log_px_z,
        log_pz=log_p1 + log_p2,
        log_qz_x=log_q1 + log_q2,
        kl=frozen(jnp.stack([log_q1 - log_p1, divergence], -1)),
        z=(at1, at2),
        aux={"path": path1 + path2},
    )
