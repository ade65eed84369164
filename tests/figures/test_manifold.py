from statistics import NormalDist

import numpy as np
import pytest

from vaex.figures.manifold import draw_manifold, latent_grid


def test_grid_is_the_inverse_normal_cdf():
    n = 20
    grid = latent_grid(n)
    z = np.array([NormalDist().inv_cdf((i + 0.5) / n) for i in range(n)])
    np.testing.assert_allclose(grid[0, :, 0], z, rtol=1e-12)
    np.testing.assert_allclose(grid[:, 0, 1], z[::-1], rtol=1e-12)
    assert grid[0, 0, 1] > grid[-1, 0, 1]  # z_2 is high at the top
    assert grid[0, 0, 0] < grid[0, -1, 0]  # z_1 is high at the right


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_images_lie_where_their_latents_are(render, channels):
    grid = latent_grid(4)
    images = np.broadcast_to(
        grid[..., 1].reshape(4, 4, 1, 1, *(1 for _ in channels)),
        (4, 4, 5, 6, *channels),
    )
    (axes,) = render(draw_manifold(images)).axes
    canvas = np.asarray(axes.get_images()[0].get_array())
    np.testing.assert_allclose(canvas[0, 0], 1)  # highest z_2 at the top
    np.testing.assert_allclose(canvas[-1, 0], 0)
    pairs = zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    ticks = {tick.get_text(): place for place, tick in pairs}
    assert ticks["1.15"] == 2
    assert ticks["\N{MINUS SIGN}1.15"] == 2 + 3 * 6
    assert axes.get_xlabel() == "z_1 (latent units)"
    assert axes.get_ylabel() == "z_2 (latent units)"


def test_quantiles_are_the_labels(render):
    images = np.zeros((3, 3, 4, 4))
    (axes,) = render(draw_manifold(images, quantiles=np.array([-2, 0, 2]))).axes
    names = [tick.get_text() for tick in axes.get_xticklabels()]
    assert names == ["\N{MINUS SIGN}2.00", "0.00", "2.00"]


@pytest.mark.parametrize("n", [1, 2, 25])
def test_sizes(render, n):
    images = np.zeros((n, n, 8, 8, 1))
    images[0, 0, 0, 0] = np.nan
    (axes,) = render(draw_manifold(images, limits=(0, 1))).axes
    assert 1 <= len(axes.get_xticks()) <= 9
    assert axes.get_title().endswith("purple: missing")


@pytest.mark.parametrize(
    "shape", [(3, 3, 8), (3, 2, 8, 8), (3,), (3, 3), (3, 3, 8, 8, 2)]
)
def test_only_images(shape):
    with pytest.raises(ValueError, match="images must be"):
        draw_manifold(np.zeros(shape))


@pytest.mark.parametrize("quantiles", [[0, 1], [0, 1, 1], [2, 1, 0]])
def test_quantiles_must_increase(quantiles):
    with pytest.raises(ValueError, match="increasing"):
        draw_manifold(np.zeros((3, 3, 8, 8)), quantiles=np.array(quantiles))


def test_empty_grid():
    with pytest.raises(ValueError, match="at least 1"):
        latent_grid(0)
