"""Planar flows fitted to four densities of the plane that no Gaussian resembles.

Each density is known up to its normaliser, p = exp(-U) / Z. Flows of K = 2, 8 and 32
steps, the steps of `vaex.posteriors.planar_flow`, are fitted by the free energy
E_q[log q + b U], b rising from 0.01 to 1 in the first half of training; the best of
several starts is kept, which the paper does not speak of. What is left is KL(q || p):
of the base's noise u it is an integral over the plane, E_u[log q(f(u)) + U(f(u))] +
log Z, and both parts of it are sums over a fine grid, without sampling.

Three of the paper's four U are periodic in z_1, so that Z is infinite; it draws them on
a window. Here a wall, (|z_1| - 4)^2 / (2 0.4^2) beyond |z_1| = 4, is added to all four.
The mean and the scales of the base are fitted with the steps.

vaex reproduce planar_flows: about 2 minutes on two CPU cores; --scale full, more starts
of more steps, about 15 minutes.

Source: Rezende, Mohamed, "Variational Inference with Normalizing Flows", ICML 2015,
https://arxiv.org/abs/1505.05770, its table of test energies and the figure of their
fits; the paper prints no number for them.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from matplotlib.figure import Figure

from vaex.posteriors.planar_flow import PlanarFlow, PlanarNormal

ENERGIES, STEPS = (1, 2, 3, 4), (2, 8, 32)
WINDOW = 5.0


class Budget(NamedTuple):
    """Of one fit: how many starts, training steps, and samples in a step."""

    starts: int
    steps: int
    samples: int


BUDGETS = {"smoke": Budget(8, 6000, 64), "full": Budget(16, 20_000, 128)}


def parts(scale: str) -> dict[str, Callable[[], dict[str, Any]]]:
    """One part for each density and number of planar steps."""
    budget = BUDGETS[scale]
    return {
        f"U{n} K={k}": functools.partial(fitted, n, k, budget)
        for n in ENERGIES
        for k in STEPS
    }


def _ring(z: Array) -> Array:
    radius = jnp.sqrt(jnp.square(z).sum(-1) + 1e-12)
    left, right = (-0.5 * jnp.square((z[..., 0] + s) / 0.6) for s in (2.0, -2.0))
    return 0.5 * jnp.square((radius - 2.0) / 0.4) - jnp.logaddexp(left, right)


def _above_wave(z: Array) -> Array:
    return z[..., 1] - jnp.sin(0.5 * jnp.pi * z[..., 0])


def _wave(z: Array) -> Array:
    return 0.5 * jnp.square(_above_wave(z) / 0.4)


def _bump(z: Array) -> Array:
    y = _above_wave(z)
    lower = y + 3.0 * jnp.exp(-0.5 * jnp.square((z[..., 0] - 1.0) / 0.6))
    halves = -0.5 * jnp.square(y / 0.35), -0.5 * jnp.square(lower / 0.35)
    return -jnp.logaddexp(*halves)


def _fork(z: Array) -> Array:
    y = _above_wave(z)
    lower = y + 3.0 * jax.nn.sigmoid((z[..., 0] - 1.0) / 0.3)
    halves = -0.5 * jnp.square(y / 0.4), -0.5 * jnp.square(lower / 0.35)
    return -jnp.logaddexp(*halves)


def energy(index: Array | int, z: Array) -> Array:
    """U_1 to U_4 of z [..., 2] with the wall, [...] nats; the index may be traced."""
    outside = jnp.maximum(jnp.abs(z[..., 0]) - 4.0, 0.0)
    bare = jax.lax.switch(index - 1, (_ring, _wave, _bump, _fork), z)
    return bare + 0.5 * jnp.square(outside / 0.4)


def square(half_width: float, points: int) -> tuple[np.ndarray, float]:
    """A grid [points, points, 2] over a square about 0, and the area of a cell."""
    x = np.linspace(-half_width, half_width, points)
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), -1).astype(np.float32)
    return grid, float((x[1] - x[0]) ** 2)


def log_normaliser(index: int) -> float:
    """Log Z, nats: the integral of exp(-U), which vanishes at the square's edge."""
    grid, area = square(9.0, 901)
    nats = np.asarray(jax.jit(energy)(index, grid), np.float64)
    return float(np.log(np.exp(-nats).sum() * area))


def flow_of(raw: Array) -> PlanarNormal:
    """The flow of raw numbers [4 + 5 K]."""
    steps = (raw.shape[-1] - 4) // 5
    return PlanarFlow(latent_dim=2, num_steps=steps).from_raw(raw, {})


@jax.jit
def pushed(raw: Array, u: Array) -> tuple[Array, Array]:
    """Noise u [..., 2] through the flow: z [..., 2] and log q(z) [...]."""
    q = flow_of(raw)
    z, log_det = q.forward(q._loc + q._scale * u)
    log_u = -0.5 * jnp.square(u).sum(-1) - jnp.log(2.0 * jnp.pi)
    return z, log_u - jnp.log(q._scale).sum(-1) - log_det


def divergence(index: int, raw: Array, points: int = 801) -> float:
    """KL(q || p), nats, by the grid over the noise; beyond 6.5 it has no mass."""
    u, area = square(6.5, points)
    z, log_q = pushed(raw, u)
    nats = np.asarray(log_q + energy(index, z), np.float64)
    weights = area * np.exp(-0.5 * np.square(u, dtype=np.float64).sum(-1)) / (2 * np.pi)
    return float((weights * nats).sum() + log_normaliser(index))


@functools.partial(jax.jit, static_argnames="budget")
def trained(start: Array, key: Array, index: Array, budget: Budget) -> Array:
    """Raw numbers [P, 4 + 5 K] of all starts after training."""
    warm_up = budget.steps / 2
    optimizer = optax.adam(optax.cosine_decay_schedule(1e-2, budget.steps, 0.01))

    def free_energy(raw: Array, key: Array, share: Array) -> Array:
        q = flow_of(raw)
        z, log_q = q.sample_and_log_prob(seed=key, sample_shape=(budget.samples,))
        return (log_q + share * energy(index, z)).mean()

    def step(carry: Any, t: Array) -> tuple[Any, None]:
        raw, state = carry
        share = jnp.minimum(1.0, 0.01 + t / warm_up)
        keys = jax.random.split(jax.random.fold_in(key, t), len(raw))
        slope = jax.vmap(jax.grad(free_energy), (0, 0, None))(raw, keys, share)
        updates, state = optimizer.update(slope, state)
        return (optax.apply_updates(raw, updates), state), None

    carry = (start, optimizer.init(start))
    return jax.lax.scan(step, carry, jnp.arange(budget.steps))[0][0]


def fitted(index: int, steps: int, budget: Budget) -> dict[str, Any]:
    """The best flow's raw numbers, and the divergences of all starts in order."""
    key, again = jax.random.split(jax.random.key(index))
    start = 0.1 * jax.random.normal(key, (budget.starts, 4 + 5 * steps))
    start = start.at[:, 2:4].add(1.0)  # scales of the base
    raw = trained(start, again, jnp.int32(index), budget)
    found = [divergence(index, each) for each in raw]
    best = int(np.argmin(found))
    return {
        "KL": found[best],
        "all": sorted(found),
        "log Z": log_normaliser(index),
        "raw": np.asarray(raw[best], float).tolist(),
    }


def measures(found: Mapping[str, Any]) -> dict[str, float]:
    """Log Z, the divergences, how they fall, and what share of K = 2 is left."""
    result: dict[str, float] = {}
    for n in ENERGIES:
        few, some, many = (found[f"U{n} K={k}"]["KL"] for k in STEPS)
        result[f"U{n}: log Z"] = found[f"U{n} K=2"]["log Z"]
        result |= {f"U{n}: KL, K=2": few, f"U{n}: KL, K=8": some}
        result |= {f"U{n}: KL, K=32": many, f"U{n}: KL, K=8 - K=32": some - many}
        result |= {f"U{n}: KL, K=2 - K=8": few - some}
        result |= {f"U{n}: KL, K=32 / K=2": many / few}
    return result


def draw(found: Mapping[str, Any]) -> Figure:
    """The true density, and beside it the fit at each K; one scale in a row."""
    figure = Figure(figsize=(9.2, 9.6), layout="constrained")
    rows = figure.subplots(len(ENERGIES), 1 + len(STEPS))
    for n, row in zip(ENERGIES, rows, strict=True):
        grid, _ = square(WINDOW, 401)
        p = np.exp(
            -np.asarray(energy(n, jnp.asarray(grid))) - found[f"U{n} K=2"]["log Z"]
        )
        _panel(row[0], grid, p, p.max(), f"exp(-U{n}) / Z")
        for axes, k in zip(row[1:], STEPS, strict=True):
            part = found[f"U{n} K={k}"]
            # The noise's grid, carried along by the flow, with q at its corners.
            u, _ = square(5.0, 601)
            z, log_q = pushed(jnp.asarray(part["raw"], jnp.float32), u)
            title = f"K = {k}, KL {part['KL']:.3f} nats"
            _panel(axes, np.asarray(z), np.exp(np.asarray(log_q)), p.max(), title)
    return figure


def _panel(
    axes: Any, z: np.ndarray, density: np.ndarray, top: float, title: str
) -> None:
    """A density at the corners z [n, n, 2] of a grid, which may be bent."""
    shown = axes.pcolormesh(
        z[..., 0],
        z[..., 1],
        density[:-1, :-1],
        vmin=0.0,
        vmax=top,
        cmap="viridis",
        rasterized=True,
    )
    axes.set_facecolor(shown.cmap(0))
    axes.set(xlim=(-WINDOW, WINDOW), ylim=(-WINDOW, WINDOW), aspect="equal")
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("z1", fontsize=8, labelpad=1)
    axes.set_ylabel("z2", fontsize=8, labelpad=-2)
    axes.tick_params(labelsize=7)
