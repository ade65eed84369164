"""Sprites: what is drawn is what the factors say."""

import hashlib

import numpy as np
import pytest

from vaex.data.dataset import Dataset
from vaex.data.factors import Factors
from vaex.data.sprites import NAMES, SIZES, Sprites, draw_shapes, factor_grid
from vaex.errors import InputError

GRID = factor_grid()
AREAS = (1.8**2, np.pi * 1.25 * 0.7, (4 + np.pi) * 0.62**2)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return draw_shapes(GRID, 16)


def test_the_grid_holds_every_combination_once():
    assert GRID.dtype == np.int32
    assert len(np.unique(GRID, axis=0)) == len(GRID) == np.prod(SIZES) == 6144
    assert GRID.max(0).tolist() == [size - 1 for size in SIZES]
    assert len(NAMES) == len(SIZES) == 5


def test_no_two_images_are_equal(images):
    assert len({image.tobytes() for image in images}) == len(images)
    # Nothing is cut off: what little reaches the border is the edge's smoothing.
    border = np.concatenate([images[:, [0, -1]].ravel(), images[:, :, [0, -1]].ravel()])
    assert border.max() < 128


def test_the_images_are_those_of_the_first_day(images):
    """The digest that this drawing gave when it was written: runs rely on it."""
    digest = hashlib.sha256(images.tobytes()).hexdigest()
    assert digest == Sprites().fingerprints()[0]
    assert digest[:16] == "d22eea13ed859c46"


def inside(shape: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Which points belong to a shape, by its definition."""
    if shape == 0:
        return (np.abs(u) <= 0.9) & (np.abs(v) <= 0.9)
    if shape == 1:
        return (u / 1.25) ** 2 + (v / 0.7) ** 2 <= 1
    half = 0.62
    diamond = np.abs(u) + np.abs(v) <= half * np.sqrt(2)
    place = half / np.sqrt(2)
    discs = (np.abs(u) - place) ** 2 + (v - place) ** 2 <= half**2
    return diamond | discs


@pytest.mark.parametrize("shape", [0, 1, 2])
def test_levels_are_covered_areas(shape):
    """Against counting points, 12 x 12 in each pixel of 24 x 24."""
    size, fine = 24, 12
    places = (np.arange(size * fine) + 0.5) / (size * fine) - 0.5
    row = np.array([shape, 2, 3, 6, 1])
    angle, x, y = 3 * np.pi / 16, -0.2 + 6 * 0.4 / 7, -0.2 + 0.4 / 7
    side = 0.12 + 2 * 0.08 / 3
    right, up = places[None] - x, -places[:, None] - y
    u = (np.cos(angle) * right + np.sin(angle) * up) / side
    v = (np.cos(angle) * up - np.sin(angle) * right) / side
    counted = inside(shape, u, v).reshape(size, fine, size, fine).mean((1, 3))
    drawn = draw_shapes(row[None], size)[0] / 255
    # Distance stands for area: exact along a straight edge parallel to the axes, off
    # by 0.1 along a diagonal one and by 0.2 at a corner.
    assert np.abs(drawn - counted).max() < 0.25
    assert np.abs(drawn - counted).mean() < 0.01
    assert drawn.sum() == pytest.approx(counted.sum(), rel=0.02)


def test_factors_can_be_measured_in_the_images(images):
    """Middle, area and axes by the moments of the light."""
    light = images / 255.0
    places = np.arange(16) + 0.5 - 8
    mass = light.sum((1, 2))
    x = (light.sum(1) @ places) / mass
    y = -(light.sum(2) @ places) / mass
    shape, scale, angle, column, row = GRID.T
    step = 0.4 * 16 / 7
    even = shape < 2  # a heart's middle of mass is not its origin
    # Pixels, and neighbouring places are 0.9 apart: distance stands for area.
    np.testing.assert_allclose(x[even], (column[even] - 3.5) * step, atol=0.1)
    np.testing.assert_allclose(y[even], (row[even] - 3.5) * step, atol=0.1)
    side = 16 * (0.12 + scale * 0.08 / 3)
    np.testing.assert_allclose(mass, np.array(AREAS)[shape] * side**2, rtol=0.06)
    chosen = (shape == 1) & (scale == 3)
    right = places[None] - x[chosen, None]
    up = -places[None] - y[chosen, None]
    picture = light[chosen]
    xx = (picture.sum(1) * right**2).sum(1)
    yy = (picture.sum(2) * up**2).sum(1)
    xy = np.einsum("nij,ni,nj->n", picture, up, right)
    tilt = 0.5 * np.arctan2(2 * xy, xx - yy)
    # Radians; neighbouring orientations are 0.2 apart.
    np.testing.assert_allclose(tilt, angle[chosen] * np.pi / 16, atol=0.04)


def test_the_splits_share_out_the_grid():
    data = Sprites(seed=3).load()
    known = data.factors
    assert known.names == NAMES
    every = np.concatenate([known.values["train"], known.values["test"]])
    assert len(np.unique(every, axis=0)) == len(GRID)
    for name, split in data.splits.items():
        assert set(split) == {"x", "label"}  # a batch holds no factors
        np.testing.assert_array_equal(
            split["x"][:7], draw_shapes(known.values[name][:7], 16)
        )
        np.testing.assert_array_equal(split["label"], known.values[name][:, 0])
    assert len(data.splits["test"]["x"]) == 1024
    assert data.num_levels == 256
    assert Sprites(seed=3).checksum() == data.checksum != Sprites(seed=4).checksum()
    assert Sprites(size=8).load().event_shape == (8, 8)


@pytest.mark.parametrize("size", [7, 65, 16.0, True])
def test_sizes(size):
    with pytest.raises(InputError, match="size must be an integer from 8 to 64"):
        Sprites(size=size)


VALUES = {"train": np.array([[0, 1]], np.int32)}


@pytest.mark.parametrize(
    ("names", "sizes", "values", "message"),
    [
        ((), (), VALUES, "a name each"),
        (("a", "a"), (2, 2), VALUES, "no two alike"),
        (("a", "b"), (2,), VALUES, "sizes must be 2 or more for each"),
        (("a", "b"), (2, 1), VALUES, "leave out a factor that does not vary"),
        (("a", "b"), (2, 2), {"train": np.zeros((1, 2))}, "int32, got .*float64"),
        (("a", "b"), (2, 2), {"train": np.zeros(2, np.int32)}, r"must be \[N, 2\]"),
        (
            ("a", "b"),
            (2, 2),
            {"test": np.array([[0, 1], [1, 2]], np.int32)},
            r"'test': b must hold the integers 0 to 1, got 2 at row 1 .*1 such",
        ),
    ],
)
def test_factors_that_are_none(names, sizes, values, message):
    with pytest.raises(InputError, match=message):
        Factors(names, sizes, values)


def test_a_data_set_and_its_factors_have_the_same_rows():
    x = np.zeros((2, 3), np.float32)
    factors = Factors(("a", "b"), (2, 2), VALUES)
    with pytest.raises(InputError, match="a row for each of x in every split"):
        Dataset("tiny", {"train": {"x": x}, "test": {"x": x}}, None, "", (), factors)
