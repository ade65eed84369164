"""What z carries: I_q(x; z), KL(q(z) || p(z)), whether the decoder looks at it.

M examples, L latent, E event.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.evaluation.summary import average, missing
from vaex.numerics import named_fold

MOST = 1024
"""Examples that are held against each other; all pairs are."""

SATURATED = 1.0
"""Nats below log M from which I_q may be much larger than estimated."""

NEAR = 1.01
"""A scale below this multiple of its lower bound is at it."""


class Reasons(NamedTuple):
    """Why a measurement does not exist; None where it does.

    Attributes:
      information: of I_q(x; z).
      decoding: of what the decoder makes of another example's z.
      scale: of the head's scale.
    """

    information: str | None
    decoding: str | None
    scale: str | None

    @classmethod
    def of(cls, model: Any) -> "Reasons":
        """Those that a model's parts tell before anything is computed."""
        kind = getattr(model, "lower_posterior", getattr(model, "posterior", None))
        head, information, decoding, scale = _head(model), None, None, None
        if not getattr(kind, "has_density", True):
            information = "the posterior has no density"
        elif not getattr(kind, "has_inverse", True):
            information = "the posterior knows the density of its own samples alone"
        if not hasattr(head, "reconstruction_loss"):
            decoding = scale = "the model has no decoder and likelihood head of its own"
        elif head.couples_batch:
            decoding = "the loss couples the batch: an example alone has none"
        if hasattr(head, "scale"):
            scale = "the scale is fixed"
        return cls(information, decoding, scale)


def make_health(model: Any, preparation: Any) -> Callable[..., dict[str, Array]]:
    """A function (variables, key, stored rows, partner) -> measurements by example.

    One z ~ q(z|x) is drawn for each of M rows. `partner` [M] is the row whose z the
    decoder is given in place of its own.

    Args:
      model: unbound.
      preparation: (key, stored) -> Batch.

    Returns:
      The function, not jitted. Its result holds, [M] each and where it exists:
      `information`, log q(z|x) - log (1/M) sum_m q(z|x_m), nats; `loss` and
      `loss_shuffled`, -log p(x|z) at the own and at the partner's z, nats of prepared
      values, or a loss-only head's loss; `scale_at_floor`, the share of the observed
      elements whose scale is within a hundredth of the head's min_scale. Of two layers
      z1 is taken: z2 depends on x through it alone, so that I(x; z1, z2) = I(x; z1).
    """
    reasons = Reasons.of(model)

    def measure(
        variables: Any, key: Array, stored: Mapping[str, Array], partner: Array
    ) -> dict[str, Array]:
        batch = preparation(named_fold(key, "prepare"), stored)

        def forward(bound: Any) -> dict[str, Array]:
            q = bound.encode(batch, train=False)
            z = q.sample(seed=named_fold(key, "z"))
            q, z = (q.first, z[0]) if isinstance(z, tuple) else (q, z)
            found = {}
            if reasons.information is None:
                found["information"] = _information(q, z)
            if reasons.decoding is None or reasons.scale is None:
                pair = jnp.stack([z, z[partner]])
                found |= _decoded(bound, batch, pair, reasons)
            return found

        rngs = {"sample": named_fold(key, "sample")}
        found: Any = nn.apply(forward, model)(variables, rngs=rngs)
        return found

    return measure


def examine(
    compiled: Callable[..., dict[str, Array]],
    variables: Any,
    key: Array,
    data: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Measurements of up to `MOST` examples of a split, chosen at random.

    Args:
      compiled: `make_health`'s function, jitted.
      variables: of the model.
      key: named fold of the run's key.
      data: a split as stored, name -> [N, ...].

    Returns:
      Name -> [M], and the rows [M] that they are of; empty for a single example.
    """
    total = len(data["x"])
    if total < 2:
        return {}, np.zeros(0, int)
    chosen = np.random.default_rng(0).permutation(total)[:MOST]
    rows = {name: values[chosen] for name, values in data.items()}
    # In random order, so that neighbours are not of one class.
    partner = np.roll(np.arange(len(chosen), dtype=np.int32), 1)
    return jax.device_get(compiled(variables, key, rows, partner)), chosen


def summarize_health(
    found: Mapping[str, np.ndarray],
    rate: np.ndarray | None,
    reasons: Reasons,
    *,
    is_normalized: bool = True,
    is_conditional: bool = False,
    min_scale: float | None = None,
) -> dict[str, Any]:
    """Entries of `results.json` about z: value, standard error, unit, or a reason.

    - `mutual_information`: I_q(x; z), the mean of log q(z|x) - log q(z), where q(z) is
      the average of the M posteriors. For these M examples as the data it is without
      bias; for the distribution that they come from it is a lower bound in expectation,
      and it cannot exceed its `ceiling`, log M nats: within one nat of it
      (`is_saturated`) it tells no more than that I is at least as large.
    - `marginal_kl`: KL(q(z) || p(z)), the rate minus I_q, both of these examples; so an
      upper bound where I_q is a lower one.
    - `shuffle_gap`: what -log p(x|z) gains where z is another example's; 0 where the
      decoder ignores z.
    - `scale_at_floor`: share of the elements whose scale is at the head's lower bound.

    Args:
      found: `examine`'s, name -> [M].
      rate: [M] nats of the same examples, None where there is no KL.
      reasons: why what is not in `found` is not.
      is_normalized: whether the head is a density.
      is_conditional: whether the prior may depend on a condition: then the rate splits
        into I_q and what is no KL.
      min_scale: of the head.

    Source: Hoffman, Johnson, "ELBO surgery: yet another way to carve up the variational
      evidence lower bound", NIPS 2016 workshop on Advances in Approximate Bayesian
      Inference, http://approximateinference.org/accepted/HoffmanJohnson2016.pdf; on the
      bound, Poole, Ozair, van den Oord, Alemi, Tucker, "On Variational Bounds of Mutual
      Information", ICML 2019, https://arxiv.org/abs/1905.06922 (a known conditional
      density held against a batch's average).

    >>> found = {"information": np.full(4, 1.0), "loss": np.ones(4)}
    >>> found["loss_shuffled"] = np.full(4, 3.5)
    >>> results = summarize_health(found, np.full(4, 1.25), Reasons(None, None, "none"))
    >>> [results[k]["value"] for k in ("marginal_kl", "shuffle_gap", "scale_at_floor")]
    [0.25, 2.5, None]
    """
    nats, few = "nats/example", "needs two examples"
    found = {name: np.asarray(v, np.float64) for name, v in found.items()}
    unit = nats if is_normalized else "loss/example"
    information = missing(reasons.information or few, nats)
    marginal = information
    if "information" in found:
        size = len(found["information"])
        ceiling = float(np.log(size))
        information = average(found["information"], nats)
        is_saturated = (information["value"] or 0.0) > ceiling - SATURATED
        extra = {"num_examples": size, "is_saturated": is_saturated}
        information |= {"ceiling": ceiling, **extra}
        if is_conditional:
            marginal = missing("the prior may depend on the condition", nats)
        elif rate is None:
            marginal = missing("the prior has no density", nats)
        else:
            difference = np.asarray(rate, np.float64) - found["information"]
            marginal = average(difference, nats) | extra
    gap, scale = missing(reasons.decoding or few, unit), reasons.scale or few
    if "loss" in found:
        gap = average(found["loss_shuffled"] - found["loss"], unit)
        gap["loss"] = float(found["loss"].mean()) if gap["value"] is not None else None
    floor = missing(scale, "of elements")
    if "scale_at_floor" in found:
        floor = average(found["scale_at_floor"], "of elements")
        floor["min_scale"] = min_scale
    elif "loss" in found and reasons.scale is None:
        floor = missing("the likelihood head states no scale", "of elements")
    return {
        "mutual_information": information,
        "marginal_kl": marginal,
        "shuffle_gap": gap,
        "scale_at_floor": floor,
    }


def _head(model: Any) -> Any:
    """The head of a model that decodes as vaex's do, else None."""
    decodes = hasattr(getattr(model, "decoder", None), "event_axes")
    return getattr(model, "likelihood", None) if decodes else None


def _information(q: Any, z: Array) -> Array:
    """Log q(z_n|x_n) - log (1/M) sum_m q(z_n|x_m), [M] nats; at most log M."""
    size = len(z)

    def row(z: Array) -> Array:
        return q.log_prob(jnp.broadcast_to(z, (size, *z.shape)))

    every = jax.lax.map(row, z)  # [n, m]: q is closed over, and not returned
    return jnp.diagonal(every) - jax.nn.logsumexp(every, 1) + np.log(size)


def _decoded(
    bound: Any, batch: Mapping[str, Array], pair: Array, reasons: Reasons
) -> dict[str, Array]:
    """Losses and scales at the own z and at another's, of `pair` [2, M, L]."""
    decoder, head, mask = bound.decoder, bound.likelihood, batch.get("mask")
    axes, found = decoder.event_axes, {}
    features = decoder(pair, batch.get("condition"), train=False)
    if reasons.decoding is None:
        loss = head.reconstruction_loss(features, batch["x"], mask, axes=axes)
        found["loss"], found["loss_shuffled"] = loss
    shape = pair.shape[1:2] + tuple(head.event_shape)
    scale = getattr(head.elements(features[0], axes=axes), "scale", None)
    if reasons.scale is None and getattr(scale, "shape", None) == shape:
        seen = jnp.ones(shape, bool) if mask is None else mask
        at_floor = (scale <= NEAR * head.min_scale) & seen
        event = tuple(range(1, len(shape)))
        found["scale_at_floor"] = at_floor.sum(event) / jnp.maximum(seen.sum(event), 1)
    return found
