"""pythae: an epoch of `BaseTrainer`, its data loader and its loop."""
# pyright: reportMissingImports=false

import tempfile
import time
from typing import Any

import torch
from _alternation import Run
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import nn

from train_peers._setting import BATCH, HIDDEN, LATENT, PIXELS, RATE, binary


class Encoder(BaseEncoder):
    """784-500 to the mean and the log-variance."""

    def __init__(self) -> None:
        BaseEncoder.__init__(self)
        self.body = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.ReLU())
        self.loc, self.log_var = nn.Linear(HIDDEN, LATENT), nn.Linear(HIDDEN, LATENT)

    def forward(self, x: Any) -> Any:
        """What pythae asks for."""
        h = self.body(x.reshape(-1, PIXELS))
        return ModelOutput(embedding=self.loc(h), log_covariance=self.log_var(h))


class Decoder(BaseDecoder):
    """20-500-784 to probabilities."""

    def __init__(self) -> None:
        BaseDecoder.__init__(self)
        layers = nn.Linear(LATENT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, PIXELS)
        self.body = nn.Sequential(*layers, nn.Sigmoid())

    def forward(self, z: Any) -> Any:
        """What pythae asks for."""
        return ModelOutput(reconstruction=self.body(z).reshape(-1, PIXELS))


def make_model() -> VAE:
    """The same network as everyone's."""
    options: dict[str, Any] = {"input_dim": (PIXELS,), "latent_dim": LATENT}
    config = VAEConfig(**options, reconstruction_loss="bce")
    return VAE(config, encoder=Encoder(), decoder=Decoder())


def prepare(options: dict[str, Any]) -> Run:
    """An epoch of `train_step`, as pythae calls it."""
    torch.manual_seed(0)
    images = torch.from_numpy(binary(options)).to(torch.float32)
    folder = tempfile.mkdtemp()
    config = BaseTrainerConfig(
        output_dir=folder,
        per_device_train_batch_size=BATCH,
        learning_rate=RATE,
        num_epochs=1,
        no_cuda=True,
    )
    data = BaseDataset(images, torch.zeros(len(images)))
    trainer = BaseTrainer(make_model(), train_dataset=data, training_config=config)
    trainer.prepare_training()
    done = 0

    def run() -> dict[str, float]:
        nonlocal done
        started, done = time.perf_counter(), done + 1
        loss = float(trainer.train_step(done))
        return {"seconds": time.perf_counter() - started, "loss": loss}

    return run
