"""A second VAE, of the latents of the first."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np

from vaex.errors import InputError
from vaex.evaluation.generate import sample_prior
from vaex.likelihoods.shared_scale_gaussian import SharedScaleGaussian
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.objectives.evidence_lower_bound import elbo
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.identity import Identity
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.samplers._early_stop import Patience, fitted
from vaex.samplers._latents import Units, check_latents
from vaex.training.experiment import Experiment
from vaex.training.optimizers import adam
from vaex.training.schedules import cosine


@dataclass(frozen=True)
class TwoStage:
    """u ~ N(0, I), z ~ p(z|u): a second, small VAE trained on samples z of the first.

    Its u has as many dimensions as z, and its decoder one learned scale. Samples z of
    the first stage fill their space, as x need not: a VAE of enough capacity can then
    match their distribution, which the prior of the first stage need not do.
    Latents are standardised; one that is constant is drawn as that constant. A tenth
    of them is held out: of the looks at it, the weights of the best are kept.

    Attributes:
      hidden: widths of the encoder's and the decoder's layers.
      learning_rate: of Adam at the start; falls as a cosine.
      patience: steps, and when to stop.
      say: is told progress, with the held-out ELBO in nats per latent z.

    Source: Dai, Wipf, "Diagnosing and Enhancing VAE Models", ICLR 2019,
      https://arxiv.org/abs/1903.05789 (there networks of the second stage are wider,
      and z is not standardised).

    A fit and its draws, some seconds: `z = sampler(latents, num=64, seed=0)`.

    >>> sampler = TwoStage(hidden=(32,), patience=Patience(steps=1000), say=print)
    >>> sampler.patience.every
    100
    """

    hidden: tuple[int, ...] = (128, 128)
    learning_rate: float = 2e-3
    patience: Patience = Patience()
    say: Callable[[str], None] | None = None

    def __call__(self, z: np.ndarray, num: int, seed: int) -> np.ndarray:
        """Fits to latents z [N, L] and draws.

        Args:
          z: [N, L], N at least 20, one of the L at least not constant.
          num: draws.
          seed: of the fit and of the draws; the first ones are the same for any
            number.

        Returns:
          [num, L] float32.

        Raises:
          InputError: if z is not one real vector each, or there are too few.
        """
        check_latents(z)
        units = Units.of(z)
        size = int(units.varies.sum())
        if size < 1:
            raise InputError("all latents are constant: there is nothing to fit")
        model = VAE(
            encoder=MLPEncoder(self.hidden),
            posterior=DiagonalGaussian(size),
            prior=StandardGaussian(size),
            decoder=MLPDecoder(self.hidden),
            likelihood=SharedScaleGaussian(event_shape=(size,)),
        )
        optimizer = functools.partial(
            adam,
            learning_rate=self.learning_rate,
            schedule=cosine(self.patience.steps),
        )
        experiment = Experiment(model, elbo, optimizer, Identity())

        def look(step: int, score: float) -> None:
            if self.say is not None:
                nats = score - units.log_scale
                self.say(f"second stage, step {step}: held-out ELBO {nats:.3f} nats")

        x = units.standardised(z)
        variables = fitted(experiment, x, seed, self.patience, look)
        drawn, _, _ = sample_prior(
            model, variables, Identity(), jax.random.key(seed), num
        )
        return units.restored(drawn.astype(np.float64))
