"""PyOD's VAE: the distance to one random reconstruction."""
# pyright: reportMissingImports=false

from typing import Any

from _alternation import Run
from pyod.models.vae import VAE

from score_peers._setting import HIDDEN, LATENT, table, timed


def prepare(options: dict[str, Any]) -> Run:
    """`decision_function` after one epoch; option `batch_size`, by default PyOD's."""
    own = {"batch_size": options["batch_size"]} if "batch_size" in options else {}
    detector = VAE(
        epoch_num=1,
        latent_dim=LATENT,
        encoder_neuron_list=[HIDDEN],
        decoder_neuron_list=[HIDDEN],
        verbose=0,
        **own,
    )
    detector.fit(table(5000))  # fewer than a batch end in an error
    return timed(detector.decision_function, options)
