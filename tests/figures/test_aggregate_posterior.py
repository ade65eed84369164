"""Draws of q(z) against draws of p(z)."""

import numpy as np
import pytest

from vaex.figures.aggregate_posterior import draw_aggregate_posterior

RANDOM = np.random.default_rng(0)
NARROW, PRIOR = 0.2 * RANDOM.normal(size=(400, 18)), RANDOM.normal(size=(500, 18))


def test_each_dimension_has_both_densities(render):
    figure = render(draw_aggregate_posterior(NARROW[:, :2], PRIOR[:, :2]))
    assert [axes.get_title() for axes in figure.axes] == ["z0", "z1"]
    for axes in figure.axes:
        area, line = (patch.get_data() for patch in axes.patches)
        np.testing.assert_array_equal(area.edges, line.edges)
        # The narrow one is five times as high, in bins of a fifth of its width.
        assert 3 < line.values.max() / area.values.max() < 7
        assert (area.values @ np.diff(area.edges)) > 0.95
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["z ~ p(z)", "z ~ q(z)"]
    assert figure.get_suptitle() == "aggregate posterior of 400 examples"


def test_of_many_dimensions_the_first_are_shown():
    figure = draw_aggregate_posterior(NARROW, PRIOR)
    assert len(figure.axes) == 16
    assert "first 16 of 18 dimensions" in figure.get_suptitle()


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match=r"got \(400, 18\) and \(500, 2\)"):
        draw_aggregate_posterior(NARROW, PRIOR[:, :2])
