"""The figures of a run: arrays from the model, drawn and saved."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from vaex.errors import InputError
from vaex.evaluation.generate import (
    decode_mean,
    decode_samples,
    encode_samples,
    reconstruct,
    sample_prior,
)
from vaex.figures.latent_space import draw_latent_space
from vaex.figures.manifold import draw_manifold, latent_grid
from vaex.figures.reconstructions import draw_reconstructions
from vaex.figures.samples import draw_samples
from vaex.figures.saving import save_figure
from vaex.figures.training_curves import draw_training_curves
from vaex.io.load import LoadedRun
from vaex.numerics import named_fold

SHOWN = 16
"""Examples in the figure of reconstructions."""

SCATTERED = 2000
"""Examples in the figure of the latent space."""

SAMPLED = 64
"""Prior samples drawn."""


def draw_run(run: LoadedRun, results: dict[str, Any]) -> list[Path]:
    """Draws and saves every figure that the run's data and model allow.

    Args:
      run: with its state.
      results: of its evaluation, for the rate by latent dimension.

    Returns:
      The files.
    """
    folder, dataset = run.directory.figures, run.parts.dataset
    key = named_fold(jax.random.key(run.config["seed"]), "figures")
    model = (run.model, run.variables, run.parts.preparation)
    test = {name: a[:SCATTERED] for name, a in dataset.splits["test"].items()}
    originals, outputs, z = reconstruct(*model, key, test)
    originals = _observed(originals, test)
    drawn = {
        "training_curves": draw_training_curves(run.directory.metrics()),
        "reconstructions": draw_reconstructions(
            originals[:SHOWN],
            outputs[:SHOWN],
            limits=image_limits(run),
            columns=dataset.columns,
        ),
        "samples": draw_prior_samples(run, SAMPLED)[0],
    }
    if isinstance(z, tuple):
        drawn |= _draw_layers(z, test.get("label"))
        return _saved(drawn, folder)
    if z.ndim == 2:
        rates = np.asarray([*results.get("rate_per_group", {}).values()], float)
        is_told = len(rates) > 1 or len(rates) == z.shape[1]
        drawn["latent_space"] = draw_latent_space(
            z, labels=test.get("label"), kl=rates if is_told else None
        )
    is_image = len(dataset.event_shape) in (2, 3)
    space = getattr(getattr(run.model, "posterior", None), "space", "real vectors")
    is_plane = z.ndim == 2 and z.shape[1] == 2 and space == "real vectors"
    if is_plane and is_image and "condition" not in test:
        grid = latent_grid(20)
        images = decode_mean(*model, grid.reshape(-1, 2).astype(np.float32))
        images = images.reshape(*grid.shape[:2], *dataset.event_shape)
        # The second coordinate of a column is what runs across.
        drawn["manifold"] = draw_manifold(images, quantiles=grid[0, :, 0])
    return _saved(drawn, folder)


def _saved(drawn: dict[str, Any], folder: Path) -> list[Path]:
    return [save_figure(f, folder / f"{name}.png") for name, f in drawn.items()]


def _draw_layers(
    layers: tuple[np.ndarray, ...], labels: np.ndarray | None
) -> dict[str, Any]:
    """A figure of each layer's means, the first being the one next to the data."""
    drawn = {}
    for number, z in enumerate(layers, 1):
        given = f" (at the mean of z{number - 1})" if number > 1 else ""
        name = f"z{number}: posterior means{given}"
        drawn[f"latent_space_z{number}"] = draw_latent_space(
            z, labels=labels, name=name
        )
    return drawn


def draw_prior_samples(
    run: LoadedRun, num: int, seed: int | None = None
) -> tuple[Any, np.ndarray, np.ndarray]:
    """Figure of prior samples, the samples x and their means E[x|z], [num, *E].

    Images show E[x|z], as papers do; anything else shows x against the data.
    """
    key = jax.random.key(run.config["seed"] if seed is None else seed)
    test = run.parts.dataset.splits["test"]
    condition = None
    if "condition" in test:
        condition = test["condition"][np.arange(num) % len(test["condition"])]
    x, mean, _ = sample_prior(
        run.model,
        run.variables,
        run.parts.preparation,
        named_fold(key, "prior samples"),
        num,
        condition,
    )
    return _draw(run, key, x, mean, "prior samples"), x, mean


def draw_fitted_samples(
    run: LoadedRun, sampler: Any, num: int, seed: int
) -> tuple[Any, np.ndarray, np.ndarray]:
    """The same for z drawn by a sampler that is fitted to the training set's latents.

    Raises:
      InputError: for a conditional model, whose latents depend on the condition.
    """
    train = run.parts.dataset.splits["train"]
    if "condition" in train:
        raise InputError("--sampler fits latents without a condition; leave it out")
    model = (run.model, run.variables, run.parts.preparation)
    key = jax.random.key(seed)
    latents = encode_samples(*model, named_fold(key, "latents"), train)
    z = sampler(latents, num, seed)
    x, mean = decode_samples(*model, named_fold(key, "fitted samples"), z)
    name = f"samples by {type(sampler).__name__}"
    return _draw(run, key, x, mean, name), x, mean


def _draw(run: LoadedRun, key: Any, x: np.ndarray, mean: np.ndarray, name: str) -> Any:
    dataset = run.parts.dataset
    if len(dataset.event_shape) in (2, 3):
        limits = image_limits(run)
        return draw_samples(mean, limits=limits, name=f"{name}, E[x|z] of each")
    test = dataset.splits["test"]
    few = {k: test[k][:SCATTERED] for k in ("x", "mask") if k in test}
    batch = run.parts.preparation(key, few)
    data = np.asarray(run.parts.preparation.inverse(batch["x"]))
    return draw_samples(x, data=_observed(data, few), columns=dataset.columns)


def _observed(x: np.ndarray, rows: Mapping[str, Any]) -> np.ndarray:
    """Values with NaN, which figures show as missing, where rows have a mask."""
    return np.where(rows["mask"], x, np.nan) if "mask" in rows else x


def image_limits(run: LoadedRun) -> tuple[float, float] | None:
    """Grey levels are shown on [0, 1]; real values on their own range."""
    return None if run.parts.dataset.num_levels is None else (0.0, 1.0)
