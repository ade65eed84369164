import numpy as np
import pytest
from matplotlib.colors import to_hex

from vaex.figures._principal import principal_components
from vaex.figures._style import BLUE, CLASSES
from vaex.figures.latent_space import draw_latent_space


def means(count, width, seed=0):
    return np.random.default_rng(seed).normal(size=(count, width))


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_plane_shows_the_means_coloured_by_label(render):
    z, labels = means(30, 2), np.arange(30) % 3
    (axes,) = render(draw_latent_space(z, labels=labels)).axes
    (dots,) = axes.collections
    np.testing.assert_array_equal(np.asarray(dots.get_offsets()), z)
    colours = [to_hex(colour) for colour in dots.get_facecolors()]
    assert colours == [CLASSES[i].lower() for i in labels]
    assert legend(axes) == ["0", "1", "2"]
    assert axes.get_xlabel() == "latent dimension 0 (latent units)"
    assert axes.get_ylabel() == "latent dimension 1 (latent units)"
    assert axes.get_title() == "posterior means of 30 examples"


def test_many_latents_show_principal_components(render):
    z = means(200, 5) * [1, 3, 0.1, 2, 0.1]
    (axes,) = render(draw_latent_space(z)).axes
    points = np.asarray(axes.collections[0].get_offsets())
    np.testing.assert_allclose(np.corrcoef(points.T)[0, 1], 0, atol=1e-9)
    share = points.var(axis=0) / z.var(axis=0).sum()
    for text, part in zip([axes.get_xlabel(), axes.get_ylabel()], share, strict=True):
        assert f"latent units, {100 * part:.0f} % of variance" in text
    assert {to_hex(colour) for colour in axes.collections[0].get_facecolors()} == {
        BLUE.lower()
    }


def test_principal_components_agree_with_the_svd():
    z = means(50, 4)
    points, share = principal_components(z)
    left, scale, _ = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(points), np.abs(left * scale)[:, :2], atol=1e-9)
    np.testing.assert_allclose(share, (scale**2 / np.sum(scale**2))[:2])


def test_line_shows_histograms_by_label(render):
    z, labels = means(40, 1), np.repeat([4, 9], 20)
    (axes,) = render(draw_latent_space(z, labels=labels)).axes
    assert legend(axes) == ["4", "9"]
    counts = [patch.get_data().values.sum() for patch in axes.patches]
    assert counts == [20, 20]
    assert axes.get_ylabel() == "examples per bin"


def test_kl_bars_are_sorted_and_inactive_ones_grey(render):
    kl = np.array([0.005, 2.0, 0.0, 0.3, np.nan])
    figure = render(draw_latent_space(means(9, 5), kl=kl))
    axes = figure.axes[1]
    assert axes.get_title() == "KL per dimension: 2 of 5 active (1 not finite)"
    heights = [float(bar.get_height()) for bar in axes.patches]
    assert heights[:4] == [2.0, 0.3, 0.005, 0.0]
    assert len({bar.get_facecolor() for bar in axes.patches[:2]}) == 1
    assert axes.patches[0].get_facecolor() != axes.patches[2].get_facecolor()
    ticks = [tick.get_text() for tick in axes.get_xticklabels()]
    assert ticks == ["1", "3", "0", "2", "4"]
    assert list(axes.lines[0].get_ydata()) == [0.01, 0.01]
    assert "nats" in axes.get_ylabel()
    assert legend(axes) == ["0.01 nats", "active", "inactive"]


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("classes", [None, 1, 12, 13])
def test_any_width_and_number_of_classes(render, width, classes):
    labels = None if classes is None else np.arange(150) % classes
    kl = np.full(width, -1e-4)
    figure = render(draw_latent_space(means(150, width), labels=labels, kl=kl))
    bars = [axes for axes in figure.axes if axes.get_ylabel().startswith("label")]
    assert len(bars) == (width > 1 and classes == 13)


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("count", [1, 7])
def test_constant_means(render, width, count):
    z = np.ones((count, width))
    render(draw_latent_space(z, labels=np.zeros(count, int), kl=np.zeros(width)))


@pytest.mark.parametrize("width", [1, 2, 5])
def test_rows_with_nan_are_left_out_and_counted(render, width):
    z = means(20, width)
    z[3, 0], z[4, -1] = np.nan, np.inf
    (axes,) = render(draw_latent_space(z, labels=np.arange(20) % 2)).axes
    assert axes.get_title() == "posterior means of 20 examples (2 not finite)"
    if width > 1:
        assert len(axes.collections[0].get_offsets()) == 18


def test_all_kl_missing(render):
    figure = render(draw_latent_space(means(5, 3), kl=np.full(3, np.inf)))
    assert (
        figure.axes[1].get_title() == "KL per dimension: 0 of 3 active (3 not finite)"
    )


def test_a_variable_of_several_dimensions_has_one_bar(render):
    figure = render(draw_latent_space(means(5, 6), kl=np.array([0.5, 2.0])))
    assert figure.axes[1].get_title() == "KL per variable: 2 of 2 active"
    assert len(figure.axes[1].patches) == 2


def test_names_are_written_once_per_place(render):
    z, labels = means(400, 2), np.arange(400) % 2
    (axes,) = render(draw_latent_space(z, labels=labels)).axes
    assert [text.get_text() for text in axes.texts] == ["0"]
    z = z + 9 * labels[:, None]
    (axes,) = render(draw_latent_space(z, labels=labels)).axes
    assert [text.get_text() for text in axes.texts] == ["0", "1"]


@pytest.mark.parametrize(
    ("z", "options", "message"),
    [
        (np.zeros(3), {}, "means must be"),
        (np.full((3, 2), np.nan), {}, "finite row"),
        (np.zeros((3, 2)), {"labels": np.zeros(2, int)}, r"labels must be \[3\]"),
        (np.zeros((3, 2)), {"labels": np.zeros(3)}, "integers"),
        (np.zeros((3, 2)), {"kl": np.zeros(3)}, r"kl must be \[2\]"),
    ],
)
def test_errors_name_the_argument(z, options, message):
    with pytest.raises(ValueError, match=message):
        draw_latent_space(z, **options)
