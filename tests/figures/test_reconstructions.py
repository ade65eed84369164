import numpy as np
import pytest

from vaex.figures._images import MISSING
from vaex.figures.reconstructions import draw_reconstructions


def pair(*shape, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(size=shape)
    return x, np.clip(x + 0.1 * rng.normal(size=shape), 0, 1)


def canvas(axes):
    return np.asarray(axes.get_images()[0].get_array())


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_images_stand_above_their_reconstructions(render, channels):
    x, y = pair(9, 6, 5, *channels)
    figure = render(draw_reconstructions(x, y, limits=(0, 1)))
    first, second = figure.axes  # eight pairs, then one
    names = [tick.get_text() for tick in first.get_yticklabels()]
    assert names == ["original", "reconstruction"]
    for axes, examples in ((first, range(8)), (second, [8])):
        for place, i in enumerate(examples):
            columns = slice(place * 6, place * 6 + 5)
            for rows, source in ((slice(0, 6), x), (slice(7, 13), y)):
                expected = np.broadcast_to(source[i].reshape(6, 5, -1), (6, 5, 3))
                np.testing.assert_allclose(canvas(axes)[rows, columns], expected)
    assert figure.get_suptitle() == "9 examples; pixels 0 to 1 (data units)"


def test_many_images_say_how_many_are_shown(render):
    x, y = pair(40, 4, 4)
    figure = render(draw_reconstructions(x, y, limits=(0, 1)))
    assert figure.get_suptitle().startswith("first 16 of 40 examples")


def test_limits_default_to_the_originals(render):
    x = np.array([[[0.0, 4.0], [8.0, 16.0]]])
    figure = render(draw_reconstructions(x, 2 * x))
    assert "pixels 0 to 16" in figure.get_suptitle()
    np.testing.assert_allclose(canvas(figure.axes[0])[1, 0], 0.5)
    np.testing.assert_allclose(canvas(figure.axes[0])[3 + 1, 0], 1.0)  # clipped


def test_missing_pixels_have_a_colour_of_their_own(render):
    x, y = pair(2, 4, 4)
    x[0, 1, 2] = np.nan
    figure = render(draw_reconstructions(x, y))
    np.testing.assert_allclose(canvas(figure.axes[0])[1, 2], MISSING)
    assert figure.get_suptitle().endswith("purple: missing")


def test_vectors(render):
    x, y = pair(40, 3)
    x[1, 2] = np.nan
    names = ["age", "price ($) in $", "a_name_that_is_far_too_long_for_an_axis"]
    figure = render(draw_reconstructions(x, y, columns=names))
    left, middle, right, bar = figure.axes
    np.testing.assert_array_equal(canvas(left)[:, 0], x[:32, 0])
    np.testing.assert_array_equal(canvas(middle), y[:32])
    ticks = [tick.get_text() for tick in left.get_xticklabels()]
    assert ticks[:2] == names[:2]
    assert len(ticks[2]) == 24
    assert bar.get_ylabel() == "value (data units)"
    assert figure.get_suptitle() == "heat maps: first 32 of 40 examples; grey: missing"
    points = np.asarray(right.collections[0].get_offsets())
    known = np.isfinite(x)
    expected = np.stack([x[known], y[known]], axis=1)
    np.testing.assert_array_equal(np.sort(points, axis=0), np.sort(expected, axis=0))
    assert right.get_xlabel() == "original (data units)"
    assert list(right.lines[0].get_xdata()) == list(right.lines[0].get_ydata())


def test_features_of_different_scale_are_standardised(render):
    x, y = pair(50, 4)
    scale = np.array([1.0, 1.0, 1.0, 1e4])
    figure = render(draw_reconstructions(x * scale, y * scale))
    expected = (x - x.mean(axis=0)) / x.std(axis=0)
    np.testing.assert_allclose(canvas(figure.axes[0]), expected[:32], atol=1e-9)
    assert figure.axes[3].get_ylabel() == "value (standard deviations)"


def test_scatter_of_many_values_is_a_fair_choice(render):
    x, y = pair(1000, 64)
    right = render(draw_reconstructions(x, y)).axes[2]
    points = np.asarray(right.collections[0].get_offsets())
    assert len(points) == 5000
    features = np.searchsorted(np.sort(x.ravel()), points[:, 0])
    columns = np.argsort(x.ravel())[features] % 64
    assert len(np.unique(columns)) == 64


@pytest.mark.parametrize("shape", [(30,), (30, 1)])
def test_scalars(render, shape):
    x, y = pair(*shape)
    figure = render(draw_reconstructions(x, y, columns=["height"]))
    left, right = figure.axes
    assert left.get_xlabel() == "height (data units)"
    assert left.get_ylabel() == "density (per data unit)"
    assert len(right.collections[0].get_offsets()) == 30


@pytest.mark.parametrize(("event", "columns"), [((20, 3), "abc"), ((9, 2, 2), ())])
def test_sequences(render, event, columns):
    x, y = pair(6, *event)
    figure = render(draw_reconstructions(x, y, columns=columns))
    *maps, bar = figure.axes
    assert len(maps) == 8
    np.testing.assert_array_equal(canvas(maps[0]), x[0].reshape(event[0], -1).T)
    np.testing.assert_array_equal(canvas(maps[7]), y[3].reshape(event[0], -1).T)
    assert bar.get_ylabel() == "value (data units)"
    shown = "first 4 of 6 originals, first 4 of 6 reconstructions"
    assert figure.get_suptitle() == shown


def test_named_matrix_is_a_sequence(render):
    x, y = pair(2, 6, 6)
    assert len(render(draw_reconstructions(x, y)).axes) == 1
    assert len(render(draw_reconstructions(x, y, columns="abcdef")).axes) == 5


@pytest.mark.parametrize("event", [(), (4,), (6, 6), (30, 2)])
@pytest.mark.parametrize("value", [0.0, -1e6, np.nan])
def test_one_constant_example(render, event, value):
    x = np.full((1, *event), value)
    figure = render(draw_reconstructions(x, x))
    assert "1 " in figure.get_suptitle()


@pytest.mark.parametrize("event", [(), (4,), (6, 6), (6, 6, 3), (30, 2)])
def test_diverged_reconstructions(render, event):
    x, y = pair(5, *event)
    y[0], y[1] = np.nan, np.inf
    render(draw_reconstructions(x, y * 1e30))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float16])
def test_dtypes(render, dtype):
    x = np.arange(48).reshape(3, 4, 4).astype(dtype)
    render(draw_reconstructions(x, x))


@pytest.mark.parametrize(
    ("shapes", "options", "message"),
    [
        (((3, 2), (3, 4)), {}, "shape of originals"),
        (((0, 2), (0, 2)), {}, "at least one example"),
        (((3, 2), (3, 2)), {"columns": ["one"]}, "each of the 2 features"),
        (((3, 4, 4), (3, 4, 4)), {"limits": (1, 1)}, "black < white"),
    ],
)
def test_errors_name_the_argument(shapes, options, message):
    with pytest.raises(ValueError, match=message):
        draw_reconstructions(*(np.zeros(shape) for shape in shapes), **options)
