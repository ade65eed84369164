"""PIT histogram, coverage and ranks."""

import numpy as np
import pytest

from vaex.figures.calibration_plots import draw_calibration, draw_ranks

COUNTS = np.array([30, 20, 20, 30])
BAND = (13, 38)
COVERAGE = {0.9: (0.8, 0.05), 0.5: (0.4, None)}


def test_the_histogram_lies_over_its_band(render):
    left, _ = render(draw_calibration(COUNTS, BAND, COVERAGE)).axes
    (stairs,) = [p for p in left.patches if hasattr(p, "get_data")]
    np.testing.assert_array_equal(stairs.get_data().values, COUNTS)
    np.testing.assert_allclose(stairs.get_data().edges, np.linspace(0, 1, 5))
    (band,) = [p for p in left.patches if p is not stairs]
    low = band.get_y()
    assert (low, low + band.get_height()) == BAND
    assert left.get_title() == "PIT of 100 values"
    assert left.get_ylim()[1] > 38


def test_coverage_has_its_levels_and_errors(render):
    _, right = render(draw_calibration(COUNTS, BAND, COVERAGE)).axes
    (bars,) = right.containers
    points, _, (lines,) = bars.lines
    np.testing.assert_array_equal(points.get_xdata(), [0.5, 0.9])
    np.testing.assert_array_equal(points.get_ydata(), [0.4, 0.8])
    ends = np.array([segment[:, 1] for segment in lines.get_segments()])
    np.testing.assert_allclose(ends, [[0.4, 0.4], [0.7, 0.9]])
    labels = [text.get_text() for text in right.get_legend().get_texts()]
    assert labels == ["true probabilities", "share inside, 2 standard errors"]


def test_ranks_have_a_panel_for_each_dimension(render):
    counts = np.tile(COUNTS, (18, 1))
    figure = draw_ranks(counts, BAND)
    assert [axes.get_title() for axes in figure.axes] == [f"z{i}" for i in range(16)]
    assert "first 16 of 18 dimensions" in figure.get_suptitle()
    assert "100 simulations" in figure.get_suptitle()
    named = render(draw_ranks(counts[:2], BAND, ["left", "right"]))
    assert [axes.get_title() for axes in named.axes] == ["left", "right"]


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match=r"counts must be \[B\] and not all 0"):
        draw_calibration([0, 0], BAND, COVERAGE)
    with pytest.raises(ValueError, match="coverage must have a level"):
        draw_calibration(COUNTS, BAND, {})
    with pytest.raises(ValueError, match=r"counts must be \[L, B\], got shape \(4,\)"):
        draw_ranks(COUNTS, BAND)
