"""Differences with intervals, and rates against distortions: what is drawn where."""

import numpy as np

from vaex.figures.paired_differences import (
    PairedDot,
    PairedPanel,
    draw_paired_differences,
)
from vaex.figures.rate_distortion import RateCurve, RatePoint, draw_rate_distortion


def lines(axes):
    return [line.get_xydata() for line in axes.get_lines()]


def test_every_difference_stands_at_its_value_with_its_interval():
    panels = [
        PairedPanel(
            f"metric {number} (nats)",
            [
                PairedDot("wide", 1.0 + number, 0.5, 1.5 + number, "examples"),
                PairedDot("wide", 1.25, None, None, "seeds"),
                PairedDot("deep $x$", -2.0, -3.0, -1.0, "examples"),
            ],
        )
        for number in range(4)
    ]
    figure = draw_paired_differences(panels, baseline="small", level=0.9)
    drawn = [axes for axes in figure.axes if axes.get_xlabel()]
    assert [axes.get_xlabel() for axes in drawn] == [p.metric for p in panels]
    names = [tick.get_text() for tick in drawn[0].get_yticklabels()]
    assert len(names) == 2
    assert names[0] == "wide"
    for number, axes in enumerate(drawn):
        found = [tuple(map(tuple, part)) for part in lines(axes)]
        spans = [(a[0], b[0]) for a, b in (p for p in found if len(p) == 2)]
        assert (0.5, 1.5 + number) in spans
        assert (-3.0, -1.0) in spans
        dots = {p[0][0]: p[0][1] for p in found if len(p) == 1}
        assert dots[1.25] > dots[1.0 + number]  # of one model: seeds below examples
        assert dots[-2.0] > 0.5
    (legend,) = figure.legends
    assert legend.get_title().get_text() == "minus small; 90% intervals"
    figure.draw_without_rendering()


def test_a_line_of_slope_minus_one_goes_through_the_best_run():
    points = [RatePoint("a", 5.0, 90.0, 0.1, None), RatePoint("b", 20.0, 70.0)]
    curve = RateCurve("decoder", np.array([0.0, 10.0, 30.0]), np.array([120, 78, 60]))
    figure = draw_rate_distortion(points, [curve])
    (axes,) = figure.axes
    broken = next(x for x in axes.get_lines() if x.get_linestyle() == "--")
    np.testing.assert_allclose(broken.get_xydata().sum(1), 90.0)
    assert broken.get_label() == "rate + distortion = 90 nats"
    assert axes.get_ylabel() == "distortion (nats per example)"
    bottom, top = axes.get_ylim()
    assert bottom < 60
    assert top > 120
    alone = draw_rate_distortion([], [curve])
    assert not [x for x in alone.axes[0].get_lines() if x.get_linestyle() == "--"]
