"""What the decoder makes of its latent space: manifolds and samples.

vaex reproduce aevb_fig4: five `vaex train` runs of 1e6 samples, about eight minutes on
two CPU cores; --scale full is 3e7 samples, for a GPU. What was trained is kept in runs/
of the reproduction's folder: stopped, the same line again goes on from there.

The manifolds of the Frey faces and of MNIST (figure 4) are decoder means at a grid of
z_i = Phi^-1((i + 1/2) / 20) of models with two latent dimensions; the samples of MNIST
(figure 5) are decoder means at z ~ N(0, I), for 2, 5, 10 and 20 dimensions. Protocol as
in aevb_fig2, but for MNIST Adam with rate 1e-3 and kernels from N(0, 0.05^2), which is
the one with a reference: pictures after 1e6 samples are sharper for it.

Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
https://arxiv.org/abs/1312.6114, figures 4 and 5.
"""

import base64
import functools
import itertools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import vaex
from vaex import data
from vaex.errors import RunError
from vaex.figures.manifold import latent_grid, manifold_panel
from vaex.figures.samples import image_panel
from vaex.io.run_directory import RunDirectory

SIZES, GRID, SAMPLES = (2, 5, 10, 20), 20, 100
STEPS = {"smoke": 10_000, "full": 300_000}
UNITS = 560 * math.log(256 / 255)
"""Nats to add: densities of Frey pixels are those of level / 256."""
FLOOR = 552.3
"""Log p(x) of 2-dimensional probabilistic PCA on the Frey test frames, exact."""


def jobs(scale: str) -> dict[str, list[str]]:
    """Name -> the words after `vaex train`."""
    common = [
        f"trainer.steps={STEPS[scale]}",
        "trainer.evaluate_every=0",
        "evaluation.num_samples=1",
        "evaluation.samples_per_chunk=1",
        "run.figures=false",
    ]
    adam = ["optimizer=adam", "optimizer.learning_rate=0.001", "optimizer.eps=1e-8"]
    mnist = ["experiment=aevb_mnist", *adam, "model.kernel_scale=0.05"]
    found = {f"mnist {size}": [*mnist, f"latent_dim={size}", *common] for size in SIZES}
    frey = ["experiment=aevb_freyfaces", "latent_dim=2"]
    return {"freyfaces 2": [*frey, *common], **found}


def parts(scale: str, folder: Path) -> dict[str, Callable[[], dict[str, Any]]]:
    """One part, all models; what was trained before is read from its runs."""
    return {"models": functools.partial(models, scale, folder / "runs")}


def models(scale: str, root: Path) -> dict[str, Any]:
    """Trains what has yet to be trained, and decodes.

    Raises:
      RunError: if a run has no results.
    """
    from vaex.cli._sweeping import run_jobs

    lines, found = jobs(scale), {}
    outcomes = run_jobs(list(lines.values()), root)
    for name, outcome in zip(lines, outcomes, strict=True):
        results = RunDirectory(outcome.run).results()
        if results is None:
            raise RunError(f"{name} is {outcome.state}: {outcome.reason}")
        bound = results["elbo"]["value"] + (UNITS if "frey" in name else 0.0)
        found[name] = {"bound": bound, **pictures(outcome.run, name)}
    return found


def pictures(run: Path, name: str) -> dict[str, Any]:
    """Decoder means of a run: a manifold, samples, and a number about the manifold."""
    model, found = vaex.load(run), {}
    size = int(name.split()[1])
    if size == 2:
        means = model.decode(latent_grid(GRID).reshape(-1, 2))
        found["manifold"] = packed(means)
        is_frey = "frey" in name
        found |= {"spread": spread(means)} if is_frey else {"digits": digits(means)}
    if "mnist" in name:
        z = np.random.default_rng(0).normal(size=(SAMPLES, size))
        found["samples"] = packed(model.decode(z))
    return found


def spread(means: np.ndarray) -> float:
    """Standard deviation over the manifold, relative to that of the test frames."""
    frames = data.FreyFaces().load().splits["test"]["x"] / 255.0
    return float(np.sqrt(means.var(0).mean() / frames.var(0).mean()))


def digits(means: np.ndarray) -> int:
    """How many of the ten digits are nearest neighbours of cells of the manifold."""
    train = data.MNIST().load().splits["train"]
    images = train["x"][:10_000].reshape(-1, 784) / np.float32(255)
    return len(set(nearest(means.reshape(-1, 784), images, train["label"][:10_000])))


def nearest(x: np.ndarray, images: np.ndarray, labels: np.ndarray) -> list[int]:
    """Label of the image at the least Euclidean distance from each row of x."""
    distances = (images**2).sum(1) - 2.0 * x @ images.T
    return labels[distances.argmin(1)].tolist()


def packed(images: np.ndarray) -> dict[str, Any]:
    """Intensities [N, H, W] in [0, 1] as bytes in text."""
    levels = np.rint(255 * np.clip(images, 0.0, 1.0)).astype(np.uint8)
    text = base64.b64encode(levels.tobytes()).decode()
    return {"shape": list(levels.shape), "levels": text}


def unpacked(found: Mapping[str, Any]) -> np.ndarray:
    """Intensities [N, H, W] again."""
    levels = np.frombuffer(base64.b64decode(found["levels"]), np.uint8)
    return levels.reshape(found["shape"]) / 255.0


def measures(found: Mapping[str, Any]) -> dict[str, float]:
    """Bounds, what they gain with N_z, and how much of the data the manifolds hold."""
    models = found["models"]
    result = {
        f"{name.replace(' ', ' N_z=')}: test bound": model["bound"]
        for name, model in models.items()
    }
    for fewer, more in itertools.pairwise(SIZES):
        gain = models[f"mnist {more}"]["bound"] - models[f"mnist {fewer}"]["bound"]
        result[f"mnist: N_z={more} over N_z={fewer}"] = gain
    frey = models["freyfaces 2"]
    result["freyfaces N_z=2: test bound - probabilistic PCA"] = frey["bound"] - FLOOR
    result["freyfaces manifold: spread over that of the frames"] = frey["spread"]
    result["mnist manifold: digits on it"] = models["mnist 2"]["digits"]
    return result


def draw(found: Mapping[str, Any]) -> Figure:
    """Two manifolds above, four grids of samples below."""
    models = found["models"]
    figure = Figure(figsize=(11.0, 9.4), layout="constrained")
    rows: Any = figure.subfigures(2, 1, height_ratios=[2.2, 1.0])
    above, below = rows
    panels = above.subplots(1, 2, width_ratios=[20 / 28, 1.0])  # of equal heights
    titles = ("(a) Frey faces, decoder means", "(b) MNIST, decoder means")
    for axes, name, title in zip(
        panels, ("freyfaces 2", "mnist 2"), titles, strict=True
    ):
        images = unpacked(models[name]["manifold"])
        images = images.reshape(GRID, GRID, *images.shape[1:])
        manifold_panel(axes, images, limits=(0.0, 1.0))
        axes.set_title(title, fontsize=10)
    for axes, size in zip(below.subplots(1, len(SIZES)), SIZES, strict=True):
        images = unpacked(models[f"mnist {size}"]["samples"])
        title = f"({'cdef'[SIZES.index(size)]}) MNIST samples, {size}-D"
        image_panel(axes, images, (0.0, 1.0), title)
    return figure
