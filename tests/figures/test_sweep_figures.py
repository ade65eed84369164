"""Figures of sweeps: what is drawn where, and what is said of it."""

import itertools

import numpy as np
import pytest
from matplotlib import image
from matplotlib.colors import to_hex

from vaex.figures._key_axis import is_spaced_by_ratios
from vaex.figures._style import BLUE, VERMILION
from vaex.figures.inline_svg import to_inline_svg
from vaex.figures.sweep_curves import SweepCurve, draw_sweep_curves
from vaex.figures.sweep_dots import SweepDots, draw_sweep_dots
from vaex.figures.sweep_heat_map import SweepGrid, draw_sweep_grids
from vaex.figures.sweep_lines import (
    LinePanel,
    SweepLine,
    draw_sweep_lines,
)
from vaex.figures.sweep_scatter import SearchedKey, draw_sweep_scatter
from vaex.figures.thumbnails import thumbnail

MEANS = np.array([[-97.0, -95.0, np.nan], [-97.5, -93.0, -900.0]])
NAMES = {"row_name": "rate", "column_name": "beta", "metric": "ELBO (nats per example)"}


def grids(count=1, means=MEANS):
    errors = np.full(means.shape, 0.25)
    return [SweepGrid(means, errors, f"dim={n}") for n in range(count)]


def test_a_heat_map_writes_its_numbers_and_frames_the_best(render):
    figure = render(draw_sweep_grids(grids(), ["0.1", "1"], ["a", "b", "c"], **NAMES))
    axes, bar = figure.axes
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("± 0.25") == 5  # none where nothing is known
    assert "−93.00" in texts
    (frame,) = axes.patches
    assert frame.get_xy() == (0.5, 0.5)  # row 1, column 1
    assert [t.get_text() for t in axes.get_xticklabels()] == ["a", "b", "c"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("beta", "rate")
    assert bar.get_ylabel() == "ELBO (nats per example)"
    low, high = axes.images[0].get_clim()
    assert high == -93.0
    assert low == -93.0 - 5 * 4.0  # the median is -97; -900 is beyond the end


def test_a_heat_map_of_what_should_be_low(render):
    figure = draw_sweep_grids(
        grids(means=-MEANS),
        ["0.1", "1"],
        ["a", "b", "c"],
        lower_is_better=True,
        **NAMES,
    )
    axes = render(figure).axes[0]
    assert axes.images[0].get_clim() == (93.0, 113.0)
    assert axes.patches[0].get_xy() == (0.5, 0.5)


def test_heat_maps_of_a_third_key_share_a_scale(render):
    count = 4
    figure = render(
        draw_sweep_grids(grids(count), ["0.1", "1"], ["a", "b", "c"], **NAMES)
    )
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in drawn] == [f"dim={n}" for n in range(count)]
    assert len({axes.images[0].get_clim() for axes in drawn}) == 1
    assert sum(len(axes.patches) for axes in drawn) == 1


def test_a_heat_map_without_values_or_differences(render):
    for means in (np.full((1, 2), np.nan), np.full((1, 2), 3.0)):
        render(draw_sweep_grids(grids(means=means), ["1"], ["a", "b"], **NAMES))


def test_lines_have_bands_of_one_standard_error(render):
    x = np.array([1e-3, 1e-2, 1e-1])
    line = SweepLine("4", x, np.array([1.0, 3.0, 2.0]), np.array([0.5, 0.25, np.nan]))
    other = SweepLine("8", x, np.array([1.0, np.nan, 2.0]), np.full(3, 0.1))
    panels = [LinePanel("", [line, other])]
    figure = draw_sweep_lines(panels, x_name="rate", metric="m", legend="dim")
    axes = render(figure).axes[0]
    assert axes.get_xscale() == "log"
    assert [t.get_text() for t in axes.get_xticklabels()] == ["0.001", "0.01", "0.1"]
    band = axes.collections[0].get_paths()[0].vertices
    at_first = band[np.isclose(band[:, 0], 1e-3)][:, 1]
    assert (at_first.min(), at_first.max()) == (0.5, 1.5)
    assert axes.lines[1].get_xdata().tolist() == [1e-3, 1e-1]
    assert figure.legends[0].get_title().get_text() == "dim"
    assert [to_hex(one.get_color()).upper() for one in axes.lines] == [BLUE, VERMILION]


def test_means_far_below_are_left_out_and_counted(render):
    means = np.array([-1e6, -95.0, -94.0, -93.0, -94.0, -95.0])
    line = SweepLine("", np.arange(6.0), means, np.full(6, np.nan))
    panel = LinePanel("", [line])
    axes = render(draw_sweep_lines([panel], x_name="k", metric="m")).axes[0]
    assert axes.get_ylim()[0] > -110
    assert axes.texts[0].get_text() == "1 of 6 means outside"
    assert axes.figure.legends == []


def test_panels_share_colours_and_axes(render):
    x = np.array([1.0, 2.0, 3.0])
    lines = [SweepLine(name, x, x, x / 9) for name in ("a", "b")]
    panels = [LinePanel("d=1", lines), LinePanel("d=2", lines[1:])]
    figure = render(draw_sweep_lines(panels, x_name="k", metric="m", legend="n"))
    one, two = figure.axes
    assert (one.get_title(), two.get_title()) == ("d=1", "d=2")
    assert one.lines[1].get_color() == two.lines[0].get_color() == VERMILION
    assert one.get_ylim() == two.get_ylim()
    assert (one.get_ylabel(), two.get_ylabel()) == ("m", "")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1e-4, 1e-3, 1e-2], True),
        ([0.25, 0.5, 1, 2, 4], True),
        ([1e-3, 3e-3], False),
        ([1e-3, 1e-2], True),
        ([8, 16, 32], True),
        ([0, 1, 10], False),
        ([-1, 1, 10], False),
        ([2, 4, 6, 8], False),
        ([0.1, 0.2, 0.3], False),
        ([5], False),
    ],
)
def test_when_an_axis_is_logarithmic(values, expected):
    assert is_spaced_by_ratios(values) is expected


def test_dots_are_seeds_and_their_mean(render):
    values = [np.array([1.0, 3.0]), np.array([]), np.array([5.0])]
    dots = [SweepDots("a", values), SweepDots("b", values)]
    figure = draw_sweep_dots(dots, ["x", "y", "z"], name="head", metric="m", legend="k")
    axes = render(figure).axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["x", "y", "z"]
    seeds = [line for line in axes.lines if line.get_marker() == "o"]
    assert seeds[0].get_xdata().tolist() == [1.0, 3.0]
    means = [one.lines[0].get_xdata()[0] for one in axes.containers]
    assert means == [2.0, 5.0, 2.0, 5.0]
    bar = axes.containers[0].lines[2][0].get_segments()[0]
    assert bar[:, 0].tolist() == [1.0, 3.0]  # mean 2, standard error 1
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["a", "b"]


def test_a_search_marks_its_best_run(render):
    keys = [
        SearchedKey("rate", [1e-4, 1e-2, 3e-3]),
        SearchedKey("head", ["a", "b", "a"]),
        SearchedKey("dim", [2, 3, 4]),
        SearchedKey("more", [1.0, 2.0, 3.0]),
    ]
    figure = draw_sweep_scatter(keys, np.array([1.0, 5.0, 2.0]), metric="m", best=1)
    rate, head, dim, more, *empty = render(figure).axes
    assert (rate.get_xscale(), dim.get_xscale()) == ("log", "linear")
    assert [t.get_text() for t in head.get_xticklabels()] == ["a", "b"]
    assert rate.lines[1].get_xdata()[0] == 1e-2
    assert (rate.get_ylabel(), head.get_ylabel(), more.get_ylabel()) == ("m", "", "m")
    assert not any(axes.axison for axes in empty)


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("count", [1, 3, 20])
def test_curves_of_one_value_share_a_colour(render, count, ordered):
    steps = np.arange(1.0, 30.0)
    curves = [SweepCurve(str(i // 2), steps, -9 / steps - i) for i in range(count)]
    figure = draw_sweep_curves(curves, metric="m", legend="k", is_ordered=ordered)
    axes = render(figure).axes[0]
    assert len(axes.lines) == count
    if count > 1:
        colours = [to_hex(line.get_color()) for line in axes.lines]
        assert colours[0] == colours[1] != colours[2]
        shown = [text.get_text() for text in axes.get_legend().get_texts()]
        assert shown == list(dict.fromkeys(curve.name for curve in curves))


def test_of_many_values_in_order_some_are_named(render):
    curves = [SweepCurve(str(i), np.arange(3.0), np.arange(3.0)) for i in range(41)]
    figure = draw_sweep_curves(curves, metric="m", legend="k", is_ordered=True)
    (legend,) = [axes.get_legend() for axes in render(figure).axes]
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["0", "10", "20", "30", "40"]


def test_svg_has_the_colours_of_its_page_and_is_the_same_each_time():
    def draw():
        x = np.array([1.0, 2.0])
        lines = [SweepLine(n, x, x, x / 9) for n in "ab"]
        panels = [LinePanel("", lines)]
        figure = draw_sweep_lines(panels, x_name="k", metric="m", legend="<k>")
        return to_inline_svg(figure, 'a "figure"')

    text = draw()
    assert text == draw()
    assert text.startswith('<svg role="img" aria-label="a &quot;figure&quot;"')
    assert text.rstrip().endswith("</svg>")
    assert "<?xml" not in text
    assert "<metadata" not in text
    assert "stroke: var(--c0, #0072b2)" in text
    assert "stroke: currentColor" in text
    assert "#000000" not in text
    head = text.partition(">")[0]
    assert "viewBox" in head
    assert "width=" not in head


def test_a_thumbnail_is_small_and_what_is_no_picture_is_an_error(tmp_path):
    path = tmp_path / "a.png"
    image.imsave(path, np.random.default_rng(0).random((300, 900, 3)))
    assert thumbnail(path, 90).startswith("data:image/webp;base64,")
    assert len(thumbnail(path, 90)) < 8000
    path.write_bytes(b"no picture")
    with pytest.raises(OSError, match=r"a\.png"):
        thumbnail(path)


@pytest.mark.parametrize("count", [1, 3])
def test_names_of_the_values_of_a_key_do_not_overlap(count):
    x = np.array([float(f"{value:.3g}") for value in np.geomspace(1e-4, 1e-1, 10)])
    lines = [SweepLine(f"{beta}", x, -x, np.full(10, 0.1)) for beta in (1, 2)]
    panels = [LinePanel("", lines)] * count
    figure = draw_sweep_lines(panels, x_name="learning_rate", metric="ELBO")
    figure.draw_without_rendering()
    for axes in figure.axes[:count]:
        boxes = [t.get_window_extent() for t in axes.get_xticklabels() if t.get_text()]
        assert len(boxes) >= 3
        assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


@pytest.mark.parametrize(
    ("values", "scale", "named"),
    [
        (np.array([2.0, 3, 4, 5, 6, 9]), "log", {"2", "3", "4", "5", "6", "9"}),
        (np.geomspace(1.0, 60.0, 60), "log", {"1", "2", "5", "10", "20", "50"}),
        (np.geomspace(1e-4, 0.2, 60), "log", set()),
        (np.linspace(3.0, 9.0, 40), "linear", {"4", "6", "8"}),
    ],
)
def test_ticks_of_a_searched_key_are_numbers_without_powers(values, scale, named):
    key = SearchedKey("dim", values)
    figure = draw_sweep_scatter([key], -values, metric="ELBO", best=0)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert axes.get_xscale() == scale
    ticks = [tick for tick in axes.get_xticklabels() if tick.get_text()]
    boxes = [tick.get_window_extent() for tick in ticks]
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))
    names = {tick.get_text() for tick in ticks}
    assert named <= names
    assert not named or not any("$" in name for name in names)
