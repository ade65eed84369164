"""pythae: `get_nll`, image by image, on fewer images as it is slow."""
# pyright: reportMissingImports=false

import time
from typing import Any

import torch
from _alternation import Run
from train_peers._setting import binary
from train_peers.pythae_trainer import make_model


def prepare(options: dict[str, Any]) -> Run:
    """Options: `samples` of each of `few` images."""
    torch.manual_seed(0)
    few = torch.from_numpy(binary(options))[: options["few"]].to(torch.float32)
    model = make_model().eval()

    def run() -> dict[str, float]:
        started = time.perf_counter()
        with torch.no_grad():
            nll = model.get_nll(few, n_samples=options["samples"], batch_size=500)
        return {"seconds": time.perf_counter() - started, "nll": -float(nll)}

    return run
