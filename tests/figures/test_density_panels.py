"""Densities side by side."""

import numpy as np
import pytest
from scipy import stats

from vaex.figures.density_panels import DensityPanel, draw_densities

X = np.linspace(-3.0, 3.0, 601)
NORMAL = DensityPanel(
    "Normal",
    X,
    np.stack([stats.norm(0, s).pdf(X) for s in (1.0, 0.5)]),
    ["scale 1", "scale 0.5"],
    False,
)


def test_each_family_has_a_panel_and_each_setting_a_curve(render):
    counts = np.arange(5.0)
    poisson = DensityPanel(
        "Poisson", counts, stats.poisson(2).pmf(counts)[None], ["rate 2"], True
    )
    figure = draw_densities([NORMAL, poisson, NORMAL], columns=2)
    render(figure)
    first, second, third, empty = figure.axes
    assert [a.get_title() for a in (first, second, third)] == [
        "Normal",
        "Poisson",
        "Normal",
    ]
    assert not empty.get_visible()
    np.testing.assert_array_equal(first.lines[1].get_ydata(), NORMAL.densities[1])
    assert [a.get_ylabel() for a in (first, second)] == ["density", "probability"]
    labels = [text.get_text() for text in first.get_legend().get_texts()]
    assert labels == ["scale 1", "scale 0.5"]
    assert second.lines[0].get_marker() == "o"


def test_a_density_that_is_infinite_is_cut(render):
    x = np.linspace(0.0, 1.0, 401)
    with np.errstate(divide="ignore"):
        beta = stats.beta(0.5, 1.0).pdf(x)
    assert np.isinf(beta[0])
    figure = draw_densities([DensityPanel("Beta", x, beta[None], ["a"], False)])
    render(figure)
    low, high = figure.axes[0].get_ylim()
    assert low == 0.0
    assert 1.0 < high < 20.0


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="one at least"):
        draw_densities([])
    many = NORMAL._replace(densities=np.ones((4, 601)), labels=list("abcd"))
    with pytest.raises(ValueError, match="at most 3 curves, got 4 for Normal"):
        draw_densities([many])
