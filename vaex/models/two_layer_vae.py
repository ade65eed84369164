"""The variational autoencoder with two layers of latent variables."""

from collections.abc import Mapping
from typing import Any, Literal

import distrax
import jax
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood
from vaex.models._container import Container
from vaex.models._latent_pairs import (
    check_closed_form_kl,
    check_events,
    check_pair,
    check_settings,
    check_split,
    closed_divergence,
)
from vaex.models._observed import calibration, encoder_input, reconstruct
from vaex.models._two_layer_split import split_terms
from vaex.models._two_layers import Pair, TwoLayers
from vaex.posteriors.base import Posterior
from vaex.types import Batch, Terms


class TwoLayerVAE(Container):
    """p(x, z1, z2) = p(z2) p(z1|z2) p(x|z1) with q(z1|x) q(z2|z1).

    z is the pair (z1, z2). The rate, E_q[log q(z1|x) q(z2|z1) / p(z1|z2) p(z2)], has
    two columns:

      z1: log q(z1|x) - log p(z1|z2) at the samples. It has no closed form, as z2
        depends on z1; single samples and the mean too may be negative.
      z2: KL(q(z2|z1) || p(z2)) at the samples of z1, in closed form over z2 as
        `closed_form_kl` says, else log q(z2|z1) - log p(z2) at the samples.

    Attributes:
      encoder: (x [B, *I], condition, *, train) -> features [B, F] of q(z1|x).
      lower_posterior: features -> q(z1|x).
      upper_encoder: (z1 [..., B, L1], condition, *, train) -> features of q(z2|z1).
      posterior: features -> q(z2|z1).
      prior: (encode, condition) -> p(z2). What encodes pseudo-inputs is
        x -> q(z2|z1) at the mean of q(z1|x).
      upper_decoder: (z2 [..., B, L2], condition, *, train) -> features of p(z1|z2).
      conditional_prior: features -> p(z1|z2), of the kind of a posterior.
      decoder: (z1 [..., B, L1], condition, *, train) -> features, with `event_axes`.
      likelihood: features -> p(x|z1).
      closed_form_kl: of z2: True (refuse a pair without one), False, or "auto".

    Source: Burda, Grosse, Salakhutdinov, "Importance Weighted Autoencoders",
      ICLR 2016, https://arxiv.org/abs/1509.00519, the models with two stochastic
      layers.

    >>> import vaex.likelihoods, vaex.nn, vaex.posteriors, vaex.priors
    >>> gaussian, layers = vaex.posteriors.DiagonalGaussian, vaex.nn.MLPDecoder
    >>> model = TwoLayerVAE(
    ...     vaex.nn.MLPEncoder(), gaussian(5), layers(), gaussian(2),
    ...     vaex.priors.StandardGaussian(2), layers(), gaussian(5), layers(),
    ...     vaex.likelihoods.Bernoulli((8,)),
    ... )
    >>> rngs = {"params": jax.random.key(0), "sample": jax.random.key(1)}
    >>> batch = {"x": jnp.zeros((3, 8))}
    >>> terms, _ = jax.eval_shape(model.init_with_output, rngs, batch)
    >>> [layer.shape for layer in terms.z], terms.kl.shape, model.kl_groups
    ([(1, 3, 5), (1, 3, 2)], (1, 3, 2), ('z1', 'z2'))
    """

    encoder: Any
    lower_posterior: Posterior
    upper_encoder: Any
    posterior: Posterior
    prior: Any
    upper_decoder: Any
    conditional_prior: Posterior
    decoder: Any
    likelihood: Likelihood
    closed_form_kl: bool | Literal["auto"] = "auto"

    kl_groups = ("z1", "z2")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_closed_form_kl(self.closed_form_kl)
        check_pair(self.posterior, self.prior)
        self._check_layers()
        slots = ("lower_posterior", "conditional_prior")
        check_pair(self.lower_posterior, self.conditional_prior, slots)

    def encode(
        self,
        batch: Batch,
        *,
        train: bool = False,
        settings: Mapping[str, Array] = {},
    ) -> TwoLayers:
        """q(z1|x) q(z2|z1); sees `input`, or x with masked cells set to 0.

        Its upper layer is encoded anew, in the mode `train`, by each of its methods.
        """
        check_settings(settings, self.lower_posterior, self.posterior)
        condition = batch.get("condition")
        features = self.encoder(encoder_input(batch), condition, train=train)
        lower = self.lower_posterior(features, settings)
        return TwoLayers(
            lower, lambda z1: self.upper(z1, condition, train, settings), False
        )

    def decode(
        self, z: Pair, condition: Array | None = None, *, train: bool = False
    ) -> distrax.Distribution:
        """p(x|z1) for z = (z1 [..., B, L1], z2), of which z2 is not looked at."""
        if not (isinstance(z, tuple) and len(z) == 2):
            raise InputError(
                "z must be the pair (z1, z2) for a model with two layers, got a "
                f"{type(z).__name__}"
            )
        features = self.decoder(z[0], condition, train=train)
        return self.likelihood(features, axes=self.decoder.event_axes)

    def prior_distribution(self, condition: Array | None = None) -> TwoLayers:
        """p(z2) p(z1|z2), in evaluation mode."""
        top = self.prior(self._encode_pseudo_inputs, condition)
        return TwoLayers(top, lambda z2: self.lower_prior(z2, condition, False), True)

    def terms(
        self,
        batch: Batch,
        *,
        num_samples: int,
        train: bool,
        split: bool = False,
        posterior: TwoLayers | None = None,
        settings: Mapping[str, Array] = {},
    ) -> Terms:
        """Log-densities of a batch under samples (z1, z2)_s ~ q(z1|x) q(z2|z1).

        Args:
          batch: see `vaex.types.Batch`.
          num_samples: S.
          train: whether statistics are updated and noise layers are on.
          split: take the densities at frozen z1 and z2 and add `aux["path"]` [S, B] of
            value 0, the sum over both layers: see `vaex.models.vae.VAE.terms`. The KL
            and z are then without gradient.
          posterior: from an earlier `encode` in the same mode, else computed here.
          settings: traced settings of both posteriors (temperatures).

        Returns:
          Terms, in nats: `log_pz` is log p(z1|z2) + log p(z2), `log_qz_x` is
          log q(z1|x) + log q(z2|z1).
        """
        if split:
            check_split(
                likelihood=self.likelihood,
                lower_posterior=self.lower_posterior,
                posterior=self.posterior,
                prior=self.prior,
            )
        q = posterior
        if q is None:
            q = self.encode(batch, train=train, settings=settings)
        top = self.prior(self._encode_pseudo_inputs, batch.get("condition"))
        keys = jax.random.split(self.make_rng("sample"))
        lower_key, upper_key = keys[0], keys[1]
        z1, log_q1 = self._draw(
            q.first, self.lower_posterior, lower_key, sample_shape=(num_samples,)
        )
        if split:
            return split_terms(self, batch, q, top, z1, upper_key, train, settings)
        q2 = q.then(z1)
        z2, log_q2 = self._draw(q2, self.posterior, upper_key)
        log_p2 = None
        if self.prior.has_density:
            check_events(top, z2)
            log_p2 = top.log_prob(z2)
        p1 = self.lower_prior(z2, batch.get("condition"), train)
        log_p1 = p1.log_prob(z1)
        log_px_z, aux = reconstruct(self, batch, z1, train)
        divergence = None
        if log_q1 is not None and log_q2 is not None and log_p2 is not None:
            upper = self.upper_divergence(q2, top, log_q2 - log_p2)
            divergence = jnp.stack([log_q1 - log_p1, upper], -1)
        return Terms(
            log_px_z=log_px_z,
            log_pz=None if log_p2 is None else log_p1 + log_p2,
            log_qz_x=None if log_q1 is None or log_q2 is None else log_q1 + log_q2,
            kl=divergence,
            z=(z1, z2),
            aux=aux,
        )

    def calibration(self, batch: Batch) -> dict[str, Array]:
        """What each example adds to the head's totals, [1, B], at one sample of z1."""
        return calibration(self, batch, self.encode(batch).first)

    def _check_layers(self) -> None:
        lower, p1 = self.lower_posterior, self.conditional_prior
        for kind in (lower, self.posterior):
            if not getattr(kind, "is_reparameterized", True):
                raise InputError(
                    "TwoLayerVAE needs posteriors whose samples pass a gradient, which "
                    f"those of {type(kind).__name__} do not; use model=vae"
                )
        if not (p1.has_density and p1.has_inverse):
            lack = "an inverse" if p1.has_density else "a density"
            raise InputError(
                f"conditional_prior must give log p(z1|z2) at any z1, but "
                f"{type(p1).__name__} lacks {lack}; use DiagonalGaussian"
            )
        if lower.latent_dim != p1.latent_dim:
            raise InputError(
                "lower_posterior.latent_dim and conditional_prior.latent_dim must be "
                f"equal, got {lower.latent_dim} and {p1.latent_dim}"
            )
        for name in ("upper_encoder", "upper_decoder"):
            network = getattr(self, name)
            if getattr(network, "event_axes", None) != 0:
                raise InputError(
                    f"{name} must take vectors [..., B, L] to features [..., B, F], "
                    f"as MLPDecoder does, which {type(network).__name__} does not"
                )

    def upper(
        self,
        z1: Array,
        condition: Array | None,
        train: bool,
        settings: Mapping[str, Array],
    ) -> Any:
        """q(z2|z1)."""
        features = self.upper_encoder(z1, condition, train=train)
        return self.posterior(features, settings)

    def lower_prior(self, z2: Array, condition: Array | None, train: bool) -> Any:
        """p(z1|z2)."""
        return self.conditional_prior(self.upper_decoder(z2, condition, train=train))

    def _encode_pseudo_inputs(self, x: Array, condition: Array | None = None) -> Any:
        """q(z2|z1) [K] at the means of q(z1|x), in evaluation mode."""
        rows = {"x": x} if condition is None else {"x": x, "condition": condition}
        q = self.encode(rows, train=False)
        try:
            return q.then(q.first.mean())
        except NotImplementedError as error:
            raise InputError(
                f"prior {type(self.prior).__name__} encodes pseudo-inputs by the mean "
                f"of q(z1|x), which {type(self.lower_posterior).__name__} does not "
                "give; use another prior"
            ) from error

    def _draw(
        self, q: Any, kind: Posterior, key: Array, sample_shape: tuple[int, ...] = ()
    ) -> tuple[Array, Array | None]:
        """Samples and, where there is one, their log-density."""
        if kind.has_density:
            return q.sample_and_log_prob(seed=key, sample_shape=sample_shape)
        return q.sample(seed=key, sample_shape=sample_shape), None

    def upper_divergence(self, q2: Any, top: Any, log_ratio: Array) -> Array:
        """KL(q(z2|z1) || p(z2)) [S, B], in closed form or log_ratio."""
        closed = closed_divergence(self, q2, top)
        return log_ratio if closed is None else closed.sum(-1)
