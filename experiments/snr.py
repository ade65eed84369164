"""Signal-to-noise ratio of gradient estimators of the importance-weighted bound.

The Gaussian toy of Rainforth et al.: z ~ N(mu, I), x|z ~ N(z, I), q(z|x) =
N(A x + b, 2/3 I) in 20 dimensions. Every parameter is 0.01 from its optimum; the ratio
is |mean| / standard deviation of a parameter's gradient over many draws, averaged over
the 20 dimensions.

vaex reproduce snr: about 2 minutes on two CPU cores.

Source: Rainforth, Kosiorek, Le, Maddison, Igl, Wood, Teh, "Tighter Variational Bounds
are Not Necessarily Better", ICML 2018, https://arxiv.org/abs/1802.04537; of the
estimators: Roeder et al., https://arxiv.org/abs/1703.09194; Tucker et al.,
https://arxiv.org/abs/1810.04152.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from vaex import likelihoods, models, objectives, posteriors, priors
from vaex.bounds import estimators
from vaex.nn.mlp import MLPDecoder, MLPEncoder

DIM, POINTS, USED = 20, 1024, 8
SAMPLES = (1, 5, 20, 100, 500)
ESTIMATORS = {
    "IWAE": estimators.reparameterised,
    "STL": estimators.sticking_the_landing,
    "DReG": estimators.doubly_reparameterised,
}
MIN_SCALE = 1e-4


def parts(scale: str) -> dict[str, Callable[[], dict[str, Any]]]:
    """One part for each number of importance samples."""
    draws = {"smoke": 10_000, "full": 200_000}[scale]
    few = {"smoke": 4_000, "full": 200_000}[scale]
    return {
        f"K={k}": functools.partial(ratios, k, few if k == 500 else draws)
        for k in SAMPLES
    }


def problem() -> tuple[models.VAE, dict[str, Any], np.ndarray, float]:
    """The model, its perturbed parameters, the points used, and exact mean log p(x)."""
    random = np.random.default_rng(0)
    centre = random.normal(size=DIM)
    data = centre + np.sqrt(2.0) * random.normal(size=(POINTS, DIM))
    best = data.mean(0)
    mu = best + 0.01 * random.normal(size=DIM)
    a = np.eye(DIM) / 2 + 0.01 * random.normal(size=(DIM, DIM))
    b = best / 2 + 0.01 * random.normal(size=DIM)
    raw_scale = np.log(np.expm1(np.sqrt(2 / 3) - MIN_SCALE))
    # The projection gives location and raw scale of each latent, interleaved.
    kernel = np.stack([a.T, np.zeros((DIM, DIM))], -1).reshape(DIM, 2 * DIM)
    bias = np.stack([b, np.full(DIM, raw_scale)], -1).reshape(-1)
    params = {
        "prior": {
            "loc": mu,
            "raw_scale": np.full(DIM, np.log(np.expm1(1 - MIN_SCALE))),
        },
        "posterior": {"projection": {"kernel": kernel, "bias": bias}},
        "likelihood": {"projection": {"kernel": np.eye(DIM), "bias": np.zeros(DIM)}},
    }
    model = models.VAE(
        encoder=MLPEncoder(hidden=()),
        posterior=posteriors.DiagonalGaussian(latent_dim=DIM, min_scale=MIN_SCALE),
        prior=priors.LearnedGaussian(latent_dim=DIM, min_scale=MIN_SCALE),
        decoder=MLPDecoder(hidden=()),
        likelihood=likelihoods.FixedScaleGaussian(event_shape=(DIM,), scale=1.0),
    )
    x = data[:USED]
    exact = stats.norm.logpdf(x, mu, np.sqrt(2.0)).sum(-1).mean()
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), params)
    return model, params, x.astype(np.float32), float(exact)


def ratios(num_samples: int, draws: int) -> dict[str, Any]:
    """Ratios, variances and the bound at K samples, from so many gradients."""
    model, params, x, exact = problem()

    def loss(shared: Any, key: Any, estimator: Any) -> Any:
        def objective(bound: nn.Module) -> Any:
            value, _ = objectives.iwae(
                bound,
                {"x": x},
                train=True,
                num_samples=num_samples,
                estimator=estimator,
            )
            return value

        mu, b = shared
        projection = params["posterior"]["projection"]
        bias = projection["bias"].reshape(DIM, 2).at[:, 0].set(b).reshape(-1)
        changed = {
            **params,
            "prior": {**params["prior"], "loc": mu},
            "posterior": {"projection": {**projection, "bias": bias}},
        }
        return nn.apply(objective, model)({"params": changed}, rngs={"sample": key})

    bias = params["posterior"]["projection"]["bias"].reshape(DIM, 2)[:, 0]
    shared = (params["prior"]["loc"], bias)
    keys = jax.random.split(jax.random.key(num_samples), draws)
    found: dict[str, Any] = {"exact": exact, "draws": draws}
    for name, estimator in ESTIMATORS.items():
        gradient = jax.value_and_grad(functools.partial(loss, estimator=estimator))
        block = max(1, 20_000 // (num_samples * USED))
        run = jax.jit(
            lambda keys, f=gradient, n=block: jax.lax.map(
                lambda key: f(shared, key), keys, batch_size=n
            )
        )
        values, (of_mu, of_b) = jax.device_get(run(keys))
        found[name] = {
            "b": ratio(of_b),
            "mu": ratio(of_mu),
            "variance_b": float(of_b.var(0, dtype=np.float64).mean()),
            "bound": float(-values.mean(dtype=np.float64)),
        }
    return found


def ratio(gradients: np.ndarray) -> float:
    """|mean| / standard deviation over draws [S, D], averaged over D."""
    gradients = gradients.astype(np.float64)
    return float((np.abs(gradients.mean(0)) / gradients.std(0)).mean())


def noise_floor(draws: int) -> float:
    """What the ratio of so many draws is on average where the mean is 0."""
    return float(np.sqrt(2 / np.pi / draws))


def measures(found: Mapping[str, Any]) -> dict[str, float]:
    """Ratios at each K, slopes over K in logarithms, and the bound."""
    result: dict[str, float] = {"exact mean log p(x)": found["K=1"]["exact"]}
    for k in SAMPLES:
        part = found[f"K={k}"]
        result[f"SNR of mu, K={k}"] = part["IWAE"]["mu"]
        for name in ESTIMATORS:
            result[f"SNR of b, {name}, K={k}"] = part[name]["b"]
        for name in ("IWAE", "DReG"):
            result[f"variance of b, {name}, K={k}"] = part[name]["variance_b"]
        result[f"bound L_K, K={k}"] = part["IWAE"]["bound"]
    result["slope, SNR of mu, K>=5"] = slope(found, "IWAE", "mu", SAMPLES[1:])
    result["slope, SNR of b, STL, K>=5"] = slope(found, "STL", "b", SAMPLES[1:])
    result["slope, SNR of b, DReG, K>=5"] = slope(found, "DReG", "b", SAMPLES[1:])
    result["slope, SNR of b, IWAE, K<=20"] = slope(found, "IWAE", "b", SAMPLES[:3])
    for name in ("IWAE", "DReG"):
        result[f"slope, variance of b, {name}, K>=5"] = slope(
            found, name, "variance_b", SAMPLES[1:]
        )
    return result


def slope(
    found: Mapping[str, Any], estimator: str, what: str, samples: tuple[int, ...]
) -> float:
    """Of log(value) over log(K), by least squares."""
    values = [found[f"K={k}"][estimator][what] for k in samples]
    return float(np.polyfit(np.log(samples), np.log(values), 1)[0])


def draw(found: Mapping[str, Any]) -> Figure:
    """Ratios over K: of the model's parameter, and of the posterior's by estimator."""
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    k = np.array(SAMPLES, float)
    left.loglog(k, [found[f"K={n}"]["IWAE"]["mu"] for n in SAMPLES], "o-", label="IWAE")
    left.loglog(k, 0.575 * np.sqrt(k), ":", color="0.5", label="slope 1/2")
    left.set_title("model parameter mu")
    colours = {"IWAE": "#0072B2", "STL": "#D55E00", "DReG": "#009E73"}
    for name, colour in colours.items():
        values = [found[f"K={n}"][name]["b"] for n in SAMPLES]
        right.loglog(k, values, "o-", color=colour, label=name)
    right.loglog(k, 0.112 / np.sqrt(k), ":", color="0.5", label="slope -1/2")
    floor = [noise_floor(found[f"K={n}"]["draws"]) for n in SAMPLES]
    right.fill_between(k, floor, color="0.9", label="noise of the estimate")
    right.set_title("posterior parameter b")
    for axes in (left, right):
        axes.set_xlabel("importance samples K")
        axes.set_ylabel("signal-to-noise ratio of the gradient")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    return figure
