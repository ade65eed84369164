import numpy as np
import pytest

from vaex.figures.samples import draw_samples


def uniform(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=shape)


def titles(figure):
    return [axes.get_title() for axes in figure.axes]


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_image_grid(render, channels):
    x = uniform(70, 5, 4, *channels)
    figure = render(draw_samples(x, limits=(0, 1)))
    (axes,) = figure.axes
    assert axes.get_title() == "first 64 of 70 samples"
    assert figure.get_suptitle() == "pixels 0 to 1 (data units)"
    canvas = np.asarray(axes.get_images()[0].get_array())
    assert canvas.shape == (8 * 6 - 1, 8 * 5 - 1, 3)
    tile = canvas[2 * 6 : 2 * 6 + 5, 3 * 5 : 3 * 5 + 4]
    expected = np.broadcast_to(x[19].reshape(5, 4, -1), (5, 4, 3))
    np.testing.assert_allclose(tile, expected)


def test_images_beside_data(render):
    figure = render(draw_samples(uniform(5, 8, 8), data=4 * uniform(30, 8, 8)))
    assert titles(figure) == ["5 samples", "30 data examples"]
    assert "pixels 0.0" in figure.get_suptitle()
    shapes = {axes.get_images()[0].get_array().shape for axes in figure.axes}
    assert len(shapes) == 1


def test_marginals_integrate_to_the_share_inside(render):
    samples, data = uniform(500, 3), uniform(400, 3, seed=1)
    samples[:50, 0] = 1e6
    figure = render(draw_samples(samples, data=data, columns=["a", "b $", "c"]))
    assert titles(figure) == ["a", "b $", "c"]
    assert figure.get_supxlabel() == "value (data units)"
    assert figure.get_supylabel() == "density (per data unit)"
    assert figure.get_suptitle() == "500 samples, 400 data examples"
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["data", "samples"]
    grey, line = figure.axes[0].patches
    for patch, share in ((grey, 1.0), (line, 0.9)):
        values, edges, _ = patch.get_data()
        assert abs(np.sum(values * np.diff(edges)) - share) < 0.02
    assert figure.axes[0].texts[0].get_text() == "10 % of samples outside"
    assert not figure.axes[1].texts


def test_whole_numbers_get_a_bin_each(render):
    figure = render(draw_samples(np.array([[0], [1], [1], [3]])))
    values, edges, _ = figure.axes[0].patches[0].get_data()
    assert edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    assert values.tolist() == [0.25, 0.5, 0.0, 0.25]


def test_first_sixteen_features(render):
    figure = render(draw_samples(uniform(20, 30)))
    assert len(figure.axes) == 16
    assert figure.get_suptitle() == "20 samples; first 16 of 30 features"


@pytest.mark.parametrize("shape", [(20,), (20, 1)])
def test_scalars(render, shape):
    figure = render(draw_samples(uniform(*shape), data=uniform(*shape, seed=1)))
    assert titles(figure) == ["value"]


def test_sequences(render):
    samples = uniform(6, 30, 3)
    figure = render(draw_samples(samples, data=uniform(2, 30, 3), columns="abc"))
    *maps, _ = figure.axes
    shown = [axes for axes in maps if axes.get_images()]
    assert len(shown) == 6
    np.testing.assert_array_equal(shown[1].get_images()[0].get_array(), samples[1].T)
    assert figure.get_suptitle() == "first 4 of 6 samples, 2 data examples"


@pytest.mark.parametrize("event", [(), (4,), (6, 6), (30, 2)])
@pytest.mark.parametrize("value", [0.0, 0.3, -1e6, np.nan])
def test_one_constant_sample(render, event, value):
    x = np.full((1, *event), value)
    draw_samples(x)
    render(draw_samples(x, data=np.zeros((3, *event))))


def test_missing_values_are_left_out(render):
    data = np.array([[1.0], [2.0], [np.nan], [4.5]])
    figure = render(draw_samples(np.array([[1.5], [np.inf]]), data=data))
    values, edges, _ = figure.axes[0].patches[0].get_data()
    np.testing.assert_allclose(np.sum(values * np.diff(edges)), 1.0)


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        (np.zeros((3, 2)), {"data": np.zeros((3, 4))}, "event shape of samples"),
        (np.zeros(()), {}, "at least one example"),
        (np.zeros((3, 2)), {"data": np.zeros((0, 2))}, "data must be"),
        (np.zeros((3, 2)), {"columns": "abc"}, "each of the 2 features"),
        (np.zeros((3, 4, 4, 1)), {"limits": (1, 0)}, "black < white"),
    ],
)
def test_errors_name_the_argument(samples, options, message):
    with pytest.raises(ValueError, match=message):
        draw_samples(samples, **options)
