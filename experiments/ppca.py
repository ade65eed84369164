"""A linear VAE is probabilistic PCA: its ELBO reaches the exact likelihood.

Linear encoder and decoder, diagonal Gaussian posterior, one learned scale. At the
optimum the posterior is exact, so that the ELBO is the log-likelihood of probabilistic
PCA, which an eigendecomposition gives; sigma^2 is the mean of the discarded
eigenvalues. The ELBO of the trained model is computed in closed form, in float64.

vaex reproduce ppca: about 3 minutes on two CPU cores; --scale full adds MNIST.

Source: Lucas, Tucker, Grosse, Norouzi, "Don't Blame the ELBO! A Linear VAE Perspective
on Posterior Collapse", NeurIPS 2019, https://arxiv.org/abs/1911.02469; Tipping, Bishop,
"Probabilistic Principal Component Analysis", JRSS B 61, 1999.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import optax
from matplotlib.figure import Figure

from vaex import data, likelihoods, models, objectives, posteriors, priors, training
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.numerics import positive
from vaex.preparations.identity import Identity

FREY, MNIST = (2, 5, 10, 20), (2, 10, 20)
Q_FLOOR = 1e-4


def parts(scale: str) -> dict[str, Callable[[], dict[str, Any]]]:
    """One part for each data set and number of latents."""
    found = {f"frey k={k}": functools.partial(frey, k) for k in FREY}
    if scale == "full":
        found |= {f"mnist k={k}": functools.partial(mnist, k) for k in MNIST}
    return found


def frey(latents: int) -> dict[str, Any]:
    """Frey faces, grey levels over 256, 1600 and 365 frames."""
    splits = data.FreyFaces().load().splits
    rows = [splits[name]["x"].reshape(-1, 560) / 256.0 for name in ("train", "test")]
    return fitted(latents, *rows, epochs=4000, batch_size=400)


def mnist(latents: int) -> dict[str, Any]:
    """MNIST, grey levels over 255, 60,000 and 10,000 images."""
    splits = data.MNIST().load().splits
    rows = [splits[name]["x"].reshape(-1, 784) / 255.0 for name in ("train", "test")]
    return fitted(latents, *rows, epochs=200, batch_size=1000)


def exact(train: np.ndarray, latents: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Maximum-likelihood probabilistic PCA: mean, covariance, sigma^2."""
    mean, size = train.mean(0), train.shape[1]
    values, vectors = np.linalg.eigh(np.cov(train.T, bias=True))
    sigma2 = values[: size - latents].mean()
    kept, basis = values[size - latents :], vectors[:, size - latents :]
    covariance = basis @ np.diag(kept - sigma2) @ basis.T + sigma2 * np.eye(size)
    return mean, covariance, float(sigma2)


def log_likelihood(x: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> float:
    """Mean log N(x; mean, covariance), nats per example."""
    factor = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(factor, (x - mean).T)
    log_det = 2.0 * np.log(np.diag(factor)).sum()
    size = len(mean)
    return float(
        -0.5 * ((whitened**2).sum(0).mean() + log_det + size * np.log(2 * np.pi))
    )


def fitted(
    latents: int, train: np.ndarray, test: np.ndarray, epochs: int, batch_size: int
) -> dict[str, Any]:
    """Exact and trained: log-likelihoods, ELBOs and sigma^2.

    The data are centred first, which costs nothing: both models have a free mean.
    """
    centre = train.mean(0)
    train, test = train - centre, test - centre
    mean, covariance, sigma2 = exact(train, latents)
    size = train.shape[1]
    model = models.VAE(
        encoder=MLPEncoder(hidden=()),
        posterior=posteriors.DiagonalGaussian(latent_dim=latents, min_scale=Q_FLOOR),
        prior=priors.StandardGaussian(latent_dim=latents),
        decoder=MLPDecoder(hidden=()),
        likelihood=likelihoods.SharedScaleGaussian(event_shape=(size,)),
    )
    steps = epochs * (len(train) // batch_size)
    optimizer = functools.partial(
        training.adam,
        learning_rate=3e-3,
        schedule=optax.cosine_decay_schedule(1.0, steps),
    )
    experiment = training.Experiment(model, objectives.elbo, optimizer, Identity())
    rows = {"x": train.astype(np.float32)}
    state, _ = training.fit(experiment, rows, epochs=epochs, batch_size=batch_size)
    params = training.model_variables(state)["params"]
    found = {"exact sigma2": sigma2, "sigma2": scale_of(params) ** 2}
    for name, x in (("train", train), ("test", test)):
        found[f"exact {name}"] = log_likelihood(x, mean, covariance)
        found[f"elbo {name}"] = analytic_elbo(params, x)
    return found


def scale_of(params: Mapping[str, Any]) -> float:
    """The trained head's sigma."""
    return float(positive(params["likelihood"]["raw_scale"], 1e-3))


def analytic_elbo(params: Mapping[str, Any], x: np.ndarray) -> float:
    """E_q log p(x|z) - KL(q || p) of the linear model, nats per example, float64."""
    head = params["likelihood"]["projection"]
    weights = np.asarray(head["kernel"], np.float64)  # [L, D]
    bias = np.asarray(head["bias"], np.float64)
    projection = params["posterior"]["projection"]
    raw = x @ np.asarray(projection["kernel"], np.float64)
    raw = (raw + np.asarray(projection["bias"], np.float64)).reshape(len(x), -1, 2)
    loc, scale = raw[..., 0], Q_FLOOR + np.logaddexp(0.0, raw[..., 1])
    sigma2, size = scale_of(params) ** 2, x.shape[1]
    residual = ((x - loc @ weights - bias) ** 2).sum(1)
    spread = scale**2 @ (weights**2).sum(1)
    log_px_z = -0.5 * ((residual + spread) / sigma2 + size * np.log(2 * np.pi * sigma2))
    rate = 0.5 * (loc**2 + scale**2 - 1.0).sum(1) - np.log(scale).sum(1)
    return float((log_px_z - rate).mean())


def measures(found: Mapping[str, Any]) -> dict[str, float]:
    """Exact values, how far the ELBO lies below them, and sigma^2."""
    result = {}
    for name, part in found.items():
        for split in ("train", "test"):
            result[f"{name}: exact log p(x), {split}"] = part[f"exact {split}"]
        gap = part["exact train"] - part["elbo train"]
        result[f"{name}: exact - ELBO, train"] = gap
        result[f"{name}: ELBO - exact, train"] = -gap
        result[f"{name}: |exact - ELBO|, test"] = abs(
            part["exact test"] - part["elbo test"]
        )
        result[f"{name}: sigma^2"] = part["sigma2"]
    return result


def draw(found: Mapping[str, Any]) -> Figure:
    """ELBO of the trained model on the exact likelihood, over the number of latents."""
    figure = Figure(figsize=(9.0, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    rows = {int(name.split("=")[1]): p for name, p in found.items() if "frey" in name}
    k = sorted(rows)
    for split, colour in (("train", "#0072B2"), ("test", "#D55E00")):
        exact_values = [rows[n][f"exact {split}"] for n in k]
        left.plot(k, exact_values, "-", color=colour, label=f"exact log p(x), {split}")
        elbos = [rows[n][f"elbo {split}"] for n in k]
        left.plot(k, elbos, "o", color=colour, mfc="none", label=f"ELBO, {split}")
    left.set_ylabel("nats per example")
    right.plot(k, [rows[n]["exact sigma2"] for n in k], "k-", label="exact")
    right.plot(k, [rows[n]["sigma2"] for n in k], "o", mfc="none", label="trained")
    right.set_ylabel("sigma^2 (squared data units)")
    for axes in (left, right):
        axes.set_xlabel("latent dimensions k")
        axes.set_title("Frey faces", fontsize=10)
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    return figure
