"""What a model is made of: everything that decides which programs are compiled."""

from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax

from vaex.likelihoods.base import Likelihood
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.likelihoods.categorical import Categorical
from vaex.likelihoods.composite import Composite
from vaex.likelihoods.negative_binomial import NegativeBinomial
from vaex.likelihoods.student_t import StudentT
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.sklearn._table import Group

MIN_SCALE = 0.05
"""Least scale of a continuous column given z, in robust standard deviations of all
rows: what is told apart below a twentieth of a column's spread is left to chance."""


@dataclass(frozen=True)
class Structure:
    """The parts of a model, by value.

    Attributes:
      groups: of its columns.
      latent_dim: L.
      hidden: widths of encoder and decoder, the latter reversed.
      head: the user's for columns of numbers, or None.
      num_classes: of the labels of a classifier, 0 for others.
      num_samples: posterior samples of a row in a step; 1 the ELBO, more the
        importance-weighted bound.
      batch_size: rows in a step.
      continuous: head of columns of numbers for which the user gave none.
    """

    groups: tuple[Group, ...]
    latent_dim: int
    hidden: tuple[int, ...]
    head: Likelihood | None = None
    num_classes: int = 0
    num_samples: int = 1
    batch_size: int = 128
    continuous: Likelihood = StudentT(min_scale=MIN_SCALE)

    @property
    def width(self) -> int:
        """D."""
        return sum(group.width for group in self.groups)

    def likelihood(self) -> Likelihood:
        """One head for all columns, or a composite of one for each group."""
        heads = [self._head(group) for group in self.groups]
        if len(heads) == 1:
            return heads[0]
        fields, start = {}, 0
        for group, head in zip(self.groups, heads, strict=True):
            stop = start + group.width
            name = f"{group.kind}_{group.num_classes}" if group.num_classes else ""
            field = {"columns": f"{start}:{stop}", "head": head}
            fields[name or group.kind], start = field, stop
        return Composite(event_shape=(self.width,), fields=fields)

    def model(self) -> VAE:
        """The autoencoder; bounded activations, so that what is far is not rebuilt."""
        return VAE(
            encoder=MLPEncoder(self.hidden, jax.nn.tanh),
            posterior=DiagonalGaussian(self.latent_dim),
            prior=StandardGaussian(self.latent_dim),
            decoder=MLPDecoder(self.hidden[::-1], jax.nn.tanh),
            likelihood=self.likelihood(),
        )

    def classifier(self) -> nn.Module:
        """Features of q(y|x)."""
        return MLPEncoder(self.hidden, jax.nn.tanh)

    def _head(self, group: Group) -> Any:
        shape = (group.width,)
        if group.kind in ("numeric", "raw"):
            assert self.head is not None
            return self.head.clone(event_shape=shape)
        if group.kind == "binary":
            return Bernoulli(event_shape=shape)
        if group.kind == "count":
            return NegativeBinomial(event_shape=shape)
        if group.kind == "categorical":
            return Categorical(event_shape=shape, num_classes=group.num_classes)
        return self.continuous.clone(event_shape=shape)
