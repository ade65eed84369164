"""The variational autoencoder."""

from collections.abc import Mapping
from typing import Any, Literal

import distrax
import jax
import jax.numpy as jnp
from jax import Array

from vaex.distributions import kl
from vaex.likelihoods.base import Likelihood
from vaex.models._container import Container
from vaex.models._latent_pairs import (
    check_closed_form_kl,
    check_events,
    check_pair,
    check_path,
    check_settings,
    check_split,
    closed_divergence,
)
from vaex.models._lifted import lifted_vjp
from vaex.models._observed import calibration, encoder_input, reconstruct
from vaex.nn.kernels import check_kernel_scale, drawn_anew
from vaex.posteriors.base import Posterior
from vaex.types import Batch, Terms


class VAE(Container):
    """p(x, z) = p(z) p(x|z) with an amortised posterior q(z|x).

    Attributes:
      encoder: (x [B, *I], condition, *, train) -> features [B, F].
      posterior: features -> q(z|x).
      prior: (encode, condition) -> p(z), with encode (x, condition=None) -> q(z|x).
      decoder: (z [..., B, L], condition, *, train) -> features, with `event_axes`.
      likelihood: features -> p(x|z).
      closed_form_kl: True (refuse a pair without one), False (always the
        single-sample estimate), or "auto" (closed form where the pair has one).
      kernel_scale: standard deviation of the normal draws that the kernels of all
        dense and convolutional layers start from, as in early papers; None leaves
        every layer its own start.

    Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
      https://arxiv.org/abs/1312.6114.
    """

    encoder: Any
    posterior: Posterior
    prior: Any
    decoder: Any
    likelihood: Likelihood
    closed_form_kl: bool | Literal["auto"] = "auto"
    kernel_scale: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_closed_form_kl(self.closed_form_kl)
        check_kernel_scale(self.kernel_scale)
        check_pair(self.posterior, self.prior)

    @property
    def kl_groups(self) -> tuple[str, ...]:
        """Names of the columns of `Terms.kl`."""
        if self.posterior.is_factorized and self.prior.is_factorized:
            return tuple(f"z{i}" for i in range(self.posterior.num_groups))
        return ("z",)

    def initial_params(self, params: Any, key: Array) -> Any:
        """Parameters to start from, of those that the layers came up with."""
        if self.kernel_scale is None:
            return params
        return drawn_anew(params, key, self.kernel_scale)

    def encode(
        self,
        batch: Batch,
        *,
        train: bool = False,
        settings: Mapping[str, Array] = {},
    ) -> Any:
        """q(z|x) for a batch; sees `input`, or x with masked cells set to 0."""
        check_settings(settings, self.posterior)
        features = self.encoder(
            encoder_input(batch), batch.get("condition"), train=train
        )
        return self.posterior(features, settings)

    def decode(
        self, z: Array, condition: Array | None = None, *, train: bool = False
    ) -> distrax.Distribution:
        """p(x|z) for z [..., B, L]."""
        features = self.decoder(z, condition, train=train)
        return self.likelihood(features, axes=self.decoder.event_axes)

    def prior_distribution(self, condition: Array | None = None) -> Any:
        """p(z). Pseudo-inputs are encoded in evaluation mode."""
        return self.prior(self._encode_pseudo_inputs, condition)

    def terms(
        self,
        batch: Batch,
        *,
        num_samples: int,
        train: bool,
        split: bool = False,
        posterior: Any = None,
        settings: Mapping[str, Array] = {},
    ) -> Terms:
        """Log-densities of a batch under samples z_s ~ q(z|x).

        Args:
          batch: see `vaex.types.Batch`.
          num_samples: S.
          train: whether statistics are updated and noise layers are on.
          split: take the densities at stop_gradient(z) and add `aux["path"]` [S, B],
            of value 0, whose gradient is d log w / dz times dz / dphi: what a
            gradient estimator needs to weigh the parts differently. There is no path
            where the posterior passes no gradient through its samples.
          posterior: q(z|x) from an earlier `encode`, else computed here.
          settings: traced settings of the posterior (temperatures).

        Returns:
          Terms, in nats.
        """
        q = posterior
        if q is None:
            q = self.encode(batch, train=train, settings=settings)
        condition = batch.get("condition")
        p = self.prior_distribution(condition)
        has_q, has_p = self.posterior.has_density, self.prior.has_density
        if split:
            check_split(
                likelihood=self.likelihood, posterior=self.posterior, prior=self.prior
            )
        elif train:
            check_path(self.posterior)
        key, log_qz_x = self.make_rng("sample"), None
        if has_q:
            z, log_qz_x = q.sample_and_log_prob(seed=key, sample_shape=(num_samples,))
        else:
            z = q.sample(seed=key, sample_shape=(num_samples,))
        if has_p:
            check_events(p, z)
        log_pz = p.log_prob(z) if has_p else None
        divergence = None
        if log_qz_x is not None and log_pz is not None:
            divergence = self._divergence(q, p, z, log_qz_x - log_pz)
        if split and self.posterior.is_reparameterized:
            return self._split_terms(batch, q, z, divergence, train)
        log_px_z, aux = reconstruct(self, batch, z, train)
        return Terms(
            log_px_z=log_px_z,
            log_pz=log_pz,
            log_qz_x=log_qz_x,
            kl=divergence,
            z=z,
            aux=aux,
        )

    def calibration(self, batch: Batch) -> dict[str, Array]:
        """What each example adds to the head's totals, [1, B], at one sample of z."""
        return calibration(self, batch, self.encode(batch))

    def _encode_pseudo_inputs(self, x: Array, condition: Array | None = None) -> Any:
        rows = {"x": x} if condition is None else {"x": x, "condition": condition}
        return self.encode(rows, train=False)

    def _divergence(self, q: Any, p: Any, z: Array, log_ratio: Array) -> Array:
        """KL(q || p) by groups; log_ratio is log q(z) - log p(z), [S, B]."""
        closed = closed_divergence(self, q, p)
        if closed is not None:
            return closed[None]
        if len(self.kl_groups) == 1:
            return log_ratio[..., None]
        return kl.monte_carlo_kl(q, p, z)

    def _split_terms(
        self, batch: Batch, q: Any, z: Array, divergence: Array | None, train: bool
    ) -> Terms:
        frozen_z = jax.lax.stop_gradient(z)
        frozen_q = jax.tree.map(jax.lax.stop_gradient, q)

        def log_weight(module: "VAE", z: Array) -> tuple[Array, tuple[Array, Array]]:
            log_px_z, _ = reconstruct(module, batch, z, train)
            assert log_px_z is not None
            log_pz = module.prior_distribution(batch.get("condition")).log_prob(z)
            return log_px_z + log_pz - frozen_q.log_prob(z), (log_px_z, log_pz)

        value, backward, parts = lifted_vjp(self, log_weight, frozen_z)
        (log_px_z, log_pz), slope = parts, backward(jnp.ones_like(value))
        path = (jax.lax.stop_gradient(slope) * (z - frozen_z)).sum(-1)
        return Terms(
            log_px_z=log_px_z,
            log_pz=log_pz,
            log_qz_x=q.log_prob(frozen_z),
            kl=divergence,
            z=z,
            aux={"path": path},
        )
