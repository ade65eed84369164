"""Distributions of unit vectors: new files with one are found by themselves.

Twins: scipy's von Mises-Fisher, TensorFlow Probability's power spherical in float64.
"""

import math

import distrax
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import special, stats

import vaex.distributions
from tests.contracts.compiled import quick_jit
from tests.contracts.discovery import classes
from vaex.distributions._sphere import SphereDistribution, log_surface
from vaex.distributions.kl import closed_form_kl, has_closed_form
from vaex.distributions.power_spherical import PowerSpherical
from vaex.distributions.spherical_uniform import SphericalUniform
from vaex.distributions.von_mises_fisher import VonMisesFisher

KINDS = [
    kind
    for kind in classes(vaex.distributions, SphereDistribution)
    if kind is not SphereDistribution
]
LOG_2PI = math.log(2 * math.pi)
SIZES, K = (2, 3, 8), np.float32([0.05, 0.7, 3.0, 40.0, 2000.0])
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
every_size = pytest.mark.parametrize(
    "size", [SIZES[0], *(pytest.param(n, marks=pytest.mark.slow) for n in SIZES[1:])]
)


def directions(size, count):
    v = np.random.default_rng(size).normal(size=(count, size))
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def make(kind, size, k=K):
    return kind(jnp.float32(directions(size, len(k))), jnp.asarray(k, jnp.float32))


def power_spherical(k, size, cosine):
    """Log-density from the paper's normaliser, in 40 digits."""
    with mpmath.workdps(40):
        k, b = mpmath.mpf(float(k)), mpmath.mpf(size - 1) / 2
        log_n = (2 * b + k) * mpmath.log(2) + b * mpmath.log(mpmath.pi)
        log_n += mpmath.loggamma(b + k) - mpmath.loggamma(2 * b + k)
        return float(k * mpmath.log1p(mpmath.mpf(cosine)) - log_n)


def von_mises_fisher(k, size, cosine):
    """Scipy's log-density at a cosine."""
    mu, x = np.zeros(size), np.zeros(size)
    mu[0], x[:2] = 1.0, (cosine, math.sqrt(1 - cosine**2))
    return float(stats.vonmises_fisher(mu, float(k)).logpdf(x))


TWINS = {PowerSpherical: power_spherical, VonMisesFisher: von_mises_fisher}


def log_peak(kind, k, size):
    """Log-density at mu in float64, of which the twins above are the proof."""
    if kind is VonMisesFisher:
        v = 0.5 * size - 1
        return v * math.log(k) - 0.5 * size * LOG_2PI - math.log(special.ive(v, k))
    b = 0.5 * (size - 1)
    ratio = special.gammaln(2 * b + k) - special.gammaln(b + k)
    return ratio - b * math.log(4 * math.pi)


def fall(kind, k, angle):
    """Log-density less that at mu."""
    if kind is VonMisesFisher:
        return -2 * k * np.sin(0.5 * angle) ** 2
    return 2 * k * np.log(np.cos(0.5 * angle))


def angle_density(kind, k, size):
    """Angles from mu, weights to integrate with, density and log-density there."""
    end = min(math.pi, 14 * math.sqrt(size / k))
    x, w = np.polynomial.legendre.leggauss(400)
    angle, weights = 0.5 * end * (1 + x), 0.5 * end * w
    below = log_surface(size - 1) if size > 2 else math.log(2.0)
    log_prob = log_peak(kind, k, size) + fall(kind, k, angle)
    density = np.exp(below + log_prob) * np.sin(angle) ** (size - 2)
    return angle, weights, density, log_prob


@every_size
@every_kind
def test_density_is_the_twins(kind, size):
    d = make(kind, size)
    # Along the meridian from mu: at these angles, which float32 keeps.
    away = directions(size, 20)[-1]
    mu = np.asarray(d.loc, np.float64)
    across = away - (mu @ away)[:, None] * mu
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    for angle in (1e-3, 0.1, 1.0, 2.8):
        x = np.float32(math.cos(angle) * mu + math.sin(angle) * across)
        actual = quick_jit(lambda d, x: d.log_prob(x))(d, x)
        exact = x.astype(np.float64)
        cosines = 1 - 0.5 * np.square(exact - mu).sum(-1)
        for value, k, t in zip(actual, K, cosines, strict=True):
            expected = TWINS[kind](k, size, float(t))
            fast = fall(kind, float(k), math.acos(t)) + log_peak(kind, float(k), size)
            # The arc cosine loses digits near 1.
            assert fast == pytest.approx(expected, rel=1e-9, abs=1e-9 * (1 + float(k)))
            # x is known to 1e-7, and k times that is what a density can tell.
            assert abs(value - expected) < 3e-6 * (1 + abs(expected)) + 3e-7 * k


@pytest.mark.slow
@every_size
@every_kind
def test_total_mass_is_one(kind, size):
    """The twin's, and of the circle and the sphere the class's own."""
    for k in K.astype(np.float64):
        _, weights, density, _ = angle_density(kind, k, size)
        # At -mu a power of 2 k of the height is not smooth, and quadrature less exact.
        assert density @ weights == pytest.approx(1, abs=2e-7)
    if size == 2:
        angles = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
        points = np.stack([np.cos(angles), np.sin(angles)], -1)
        weights = np.full(4000, 2 * np.pi / 4000)
    elif size == 3:
        z, w = np.polynomial.legendre.leggauss(200)
        angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
        z, angles = (a.reshape(-1) for a in np.meshgrid(z, angles, indexing="ij"))
        r = np.sqrt(1 - z**2)
        points = np.stack([r * np.cos(angles), r * np.sin(angles), z], -1)
        weights = np.repeat(w, 400) * 2 * np.pi / 400
    else:
        return
    d = make(kind, size)
    log_prob = quick_jit(lambda d, x: d.log_prob(x[:, None]))(d, jnp.float32(points))
    mass = (np.exp(np.asarray(log_prob, np.float64)) * weights[:, None]).sum(0)
    # At 2000 the peak is as narrow as the grid is wide, and x rounded off.
    # At 0.05 the power spherical's dip at -mu is as sharp: its twin is held above.
    np.testing.assert_allclose(mass[1:4], 1.0, rtol=5e-6)


@pytest.mark.slow
@every_size
@every_kind
def test_samples_follow_the_density(kind, size, getkey):
    """Cosines by Kolmogorov and Smirnov, tangents by their mean; unit length."""
    count = 4000
    d = make(kind, size)
    x = quick_jit(lambda d, key: d.sample(seed=key, sample_shape=(count,)))(d, getkey())
    assert x.dtype == jnp.float32
    x = np.asarray(x, np.float64)
    np.testing.assert_allclose(np.linalg.norm(x, axis=-1), 1.0, atol=1e-6)
    mu = np.asarray(d.loc, np.float64)
    for i, k in enumerate(K):
        gap = np.linalg.norm(x[:, i] - mu[i], axis=-1)
        angles = np.sort(2 * np.arcsin(np.minimum(0.5 * gap, 1.0)))
        grid, weights, density, _ = angle_density(kind, float(k), size)
        cdf = np.cumsum(weights * density) - 0.5 * weights * density
        found = stats.kstest(angles, lambda a, g=grid, c=cdf: np.interp(a, g, c))
        assert found.pvalue > 1e-3
        across = x[:, i] - (x[:, i] @ mu[i])[:, None] * mu[i]
        across /= np.linalg.norm(across, axis=-1, keepdims=True)
        se = across.std(0) / math.sqrt(count)
        assert np.abs(across.mean(0) / se).max() < 4.5


@pytest.mark.slow
@every_size
@every_kind
def test_moments_entropy_and_divergence_are_integrals(kind, size):
    d = make(kind, size)
    p = SphericalUniform(size)
    assert has_closed_form(d, p)
    assert not has_closed_form(p, d)

    @quick_jit
    def everything(d):
        return d.mean(), d.entropy(), closed_form_kl(d, p)

    mean, entropy, kl = everything(d)
    assert kl.shape == (len(K), 1)
    for i, k in enumerate(K):
        angle, weights, density, log_prob = angle_density(kind, float(k), size)
        mass = weights * density
        cosine = mass @ np.cos(angle)
        np.testing.assert_allclose(mean[i], cosine * d.loc[i], rtol=1e-5, atol=1e-6)
        own = -(mass @ log_prob)
        assert entropy[i] == pytest.approx(own, rel=1e-5, abs=1e-5)
        assert kl[i, 0] == pytest.approx(log_surface(size) - own, rel=1e-5, abs=1e-5)


@pytest.mark.slow
@every_size
@every_kind
def test_draws_are_reparameterised(kind, size, getkey):
    """d E[x_1] / dk of draws is that of the mean, and so in mu."""
    count = 20_000

    def first(loc, k, key):
        x = kind(loc, k).sample(seed=key, sample_shape=(count // 4,))
        return x @ jnp.arange(1.0, size + 1)

    def slopes(loc, k, key):
        return jax.jacfwd(first, (0, 1))(loc, k, key)

    def expected(loc, k):
        return kind(loc, k).mean() @ jnp.arange(1.0, size + 1)

    for k in (0.7, 40.0):
        loc = jnp.float32(directions(size, 1)[0])

        @quick_jit
        def everything(loc, k, keys):
            drawn = jax.lax.map(lambda key: slopes(loc, k, key), keys)
            return drawn, jax.grad(expected, (0, 1))(loc, k)

        keys = jax.random.split(getkey(), 4)
        drawn, exact = everything(loc, jnp.float32(k), keys)
        for samples, wanted in zip(drawn, exact, strict=True):
            samples = np.asarray(samples, np.float64).reshape(count, -1)
            se = samples.std(0) / math.sqrt(count)
            # The length of loc has no effect, and no standard error: rounding.
            error = np.abs(samples.mean(0) - np.asarray(wanted).reshape(-1))
            assert (error < 4.5 * se + 1e-4).all(), (error, se)


@pytest.mark.slow
@every_kind
def test_extremes_are_numbers(kind):
    k = jnp.float32([1e-4, 1e-4, 1e4, 1e6])
    loc = jnp.float32([[0, 0, 0], [1, 0, 0], [-1, 0, 0], [1e-20, 1e4, 0]])

    @quick_jit
    def everything(loc, k, key):
        def loss(loc, k):
            d = kind(loc, k)
            x, log_prob = d.sample_and_log_prob(seed=key, sample_shape=(50,))
            return x.sum() + log_prob.sum() + d.kl_to_uniform().sum()

        return jax.value_and_grad(loss, (0, 1))(loc, k)

    value, slope = everything(loc, k, jax.random.key(0))
    assert np.isfinite(value)
    assert all(np.isfinite(leaf).all() for leaf in slope)


@pytest.mark.slow
@every_kind
def test_it_crosses_jit_vmap_and_scan_and_is_traced_once(kind):
    traces, loc = [], jnp.float32(directions(3, len(K)))

    @quick_jit
    def step(d):
        traces.append(1)
        return d, d.log_prob(loc)

    d = make(kind, 3)
    for _ in range(3):
        d, expected = step(d)
    assert len(traces) == 1

    def use(row):
        return kind(*row).log_prob(row[0])

    mapped = jax.vmap(use)((loc, jnp.asarray(K)))
    _, scanned = jax.lax.scan(lambda _, row: (None, use(row)), None, (loc, K))
    for found in (mapped, scanned):
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    inside = jax.vmap(kind)(loc, jnp.asarray(K))
    assert (inside.batch_shape, inside.event_shape) == ((len(K),), (3,))


@every_size
def test_uniform_is_the_reciprocal_of_the_surface(size, getkey):
    d = SphericalUniform(size)
    x = np.asarray(d.sample(seed=getkey(), sample_shape=(4000,)), np.float64)
    expected = stats.uniform_direction(size)
    np.testing.assert_allclose(np.linalg.norm(x, axis=-1), 1.0, atol=1e-6)
    assert np.abs(x.mean(0)).max() < 4.5 / math.sqrt(4000 * size)
    other = expected.rvs(4000, random_state=np.random.default_rng(0))
    assert stats.ks_2samp(x[:, 0], other[:, 0]).pvalue > 1e-3
    surface = 2 * math.pi ** (size / 2) / math.gamma(size / 2)
    np.testing.assert_allclose(d.log_prob(x[:3]), -math.log(surface), rtol=1e-6)
    assert float(d.entropy()) == pytest.approx(math.log(surface), rel=1e-6)
    with pytest.raises(ValueError, match="size must be at least 2, got 1"):
        SphericalUniform(1)


def test_the_base_is_no_distribution_of_its_own():
    assert issubclass(SphereDistribution, distrax.Distribution)
    assert {PowerSpherical, VonMisesFisher} <= set(KINDS)
    assert set(TWINS) == set(KINDS)
