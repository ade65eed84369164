"""The semi-supervised autoencoder M2: classes are latent where no label is given.

B rows, C classes.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from vaex.models.vae import VAE
from vaex.types import Batch, Metrics, NonNegative


class LabelledVAE(nn.Module):
    """p(x, z, y) = p(y) p(z) p(x|z, y), with q(y|x) q(z|x, y); p(y) is uniform.

    Attributes:
      vae: of x given y, which enters as a condition.
      classifier: (x, condition, *, train) -> features of q(y|x).
      num_classes: C.

    Source: Kingma, Rezende, Mohamed, Welling, "Semi-supervised Learning with Deep
      Generative Models", NeurIPS 2014, https://arxiv.org/abs/1406.5298, the model M2.
    """

    vae: VAE
    classifier: nn.Module
    num_classes: int

    def setup(self) -> None:
        """The logits' own layer."""
        self.projection = nn.Dense(self.num_classes)

    def class_logits(self, batch: Batch) -> Array:
        """Logits of q(y|x), [B, C]."""
        features = self.classifier(batch["input"], None, train=False)
        return self.projection(features)

    def bounds(self, batch: Batch, *, train: bool) -> Array:
        """ELBO of log p(x, y) for each y by one sample of z, [B, C] nats."""
        count, total = self.num_classes, len(batch["x"])
        each = {
            name: jnp.repeat(values, count, axis=0)
            for name, values in batch.items()
            if name != "label"
        }
        classes = jnp.tile(jnp.eye(count), (total, 1))
        terms = self.vae.terms(
            {**each, "condition": classes}, num_samples=1, train=train
        )
        assert terms.log_px_z is not None
        assert terms.kl is not None
        found = terms.log_px_z[0] - terms.kl[0].sum(-1) - jnp.log(count)
        return found.reshape(total, count)


def labelled_bound(
    model: LabelledVAE,
    batch: Batch,
    *,
    train: bool,
    label_weight: NonNegative = 1.0,
) -> tuple[Array, Metrics]:
    """Minimises -L(x, y), or -U(x) without a label, and the labels' cross-entropy.

    U(x) = sum_y q(y|x) (L(x, y) - log q(y|x)), by enumeration.

    Args:
      model: bound.
      batch: with `label` [B], -1 where there is none.
      train: whether this is a training step.
      label_weight: of -log q(y|x) of a labelled row, in nats.

    Returns:
      Loss in nats a row, and its parts.
    """
    bounds = model.bounds(batch, train=train)
    log_q = jax.nn.log_softmax(model.class_logits(batch))
    label = batch["label"]
    has_label = label >= 0
    chosen = jnp.maximum(label, 0)[:, None]
    labelled = jnp.take_along_axis(bounds, chosen, 1)[:, 0]
    unlabelled = (jnp.exp(log_q) * (bounds - log_q)).sum(1)
    error = -jnp.take_along_axis(log_q, chosen, 1)[:, 0]
    elbo = jnp.where(has_label, labelled, unlabelled).mean()
    cross_entropy = jnp.where(has_label, error, 0.0).mean()
    loss = label_weight * cross_entropy - elbo
    return loss, {"elbo": elbo, "cross_entropy": cross_entropy}
