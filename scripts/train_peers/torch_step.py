"""PyTorch by hand: fused Adam, rows by index; eager or through `torch.compile`."""
# pyright: reportMissingImports=false

import time
from typing import Any

import torch
from _alternation import Run
from torch.nn import functional as f

from train_peers._setting import LATENT, RATE, SIZES, binary, epoch


def _loss(layers: Any, x: Any, noise: Any) -> Any:
    raw = layers[1](f.relu(layers[0](x)))
    loc, scale = raw[:, :LATENT], 1e-4 + f.softplus(raw[:, LATENT:])
    logits = layers[3](f.relu(layers[2](loc + scale * noise)))
    kl = (0.5 * (loc**2 + scale**2 - 1.0) - torch.log(scale)).sum()
    cross = f.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (cross + kl) / len(x)


def prepare(options: dict[str, Any]) -> Run:
    """An epoch; option `compile`."""
    torch.manual_seed(0)
    images = torch.from_numpy(binary(options))
    layers = torch.nn.ModuleList([torch.nn.Linear(*size) for size in SIZES])
    optimizer = torch.optim.Adam(layers.parameters(), RATE, fused=True)
    loss_fn = torch.compile(_loss) if options["compile"] else _loss
    done = 0

    def run() -> dict[str, float]:
        nonlocal done
        started, total = time.perf_counter(), torch.zeros(())
        for index in torch.from_numpy(epoch(done, len(images))):
            x = images[index].to(torch.float32)
            loss = loss_fn(layers, x, torch.randn(len(x), LATENT))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach()
        mean, done = float(total) / options["steps"], done + 1
        return {"seconds": time.perf_counter() - started, "loss": mean}

    return run
