"""Every event shape is drawn, whatever the values."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from vaex.figures._images import grid_shape, is_image, mosaic
from vaex.figures.reconstructions import draw_reconstructions
from vaex.figures.samples import draw_samples

FEW = settings(max_examples=20, deadline=None)  # a figure takes 50 ms
shapes = array_shapes(min_dims=1, max_dims=4, max_side=6)
values = st.one_of(st.floats(-1e6, 1e6, width=32), st.just(np.nan), st.just(np.inf))


def drawings(shape):
    return arrays(np.float32, shape, elements=values)


@FEW
@given(st.data())
def test_reconstructions(data):
    shape = data.draw(shapes)
    x, y = data.draw(drawings(shape)), data.draw(drawings(shape))
    figure = draw_reconstructions(x, y)
    assert str(len(x)) in figure.get_suptitle()


@FEW
@given(st.data())
def test_samples(data):
    count, *event = data.draw(shapes)
    x, y = data.draw(drawings((count, *event))), data.draw(drawings((2, *event)))
    figure = draw_samples(x, data=y)
    images = 2 if is_image(event) else 0
    assert not images or len(figure.axes) == images


@given(st.integers(1, 300), st.integers(1, 12))
def test_grid_holds_every_tile(count, columns):
    rows, across = grid_shape(count)
    assert rows * across >= count > (rows - 1) * across
    assert abs(rows - across) <= 1
    rows, across = grid_shape(count, columns)
    assert across <= columns
    assert rows * across >= count


@given(st.integers(1, 12), st.integers(0, 3))
def test_mosaic_keeps_every_pixel(count, gap):
    rng = np.random.default_rng(count)
    images = rng.uniform(size=(count, 3, 2, 3))
    rows, columns = grid_shape(count)
    canvas = mosaic(images, rows, columns, gap)
    for i, image in enumerate(images):
        y, x = divmod(i, columns)
        tile = canvas[y * (3 + gap) :, x * (2 + gap) :][:3, :2]
        np.testing.assert_array_equal(tile, image)
