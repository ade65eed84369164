"""Draws of q(z) against draws of p(z)."""

import numpy as np
import pytest
from scipy import stats

from vaex.figures.aggregate_posterior import draw_aggregate_posterior, furthest_apart

RANDOM = np.random.default_rng(0)
NARROW, PRIOR = 0.2 * RANDOM.normal(size=(400, 18)), RANDOM.normal(size=(500, 18))


def test_each_dimension_has_both_densities(render):
    figure = render(draw_aggregate_posterior(NARROW[:, :2], PRIOR[:, :2]))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["z ~ q(z)", "z ~ p(z)", "z0", "z1"]
    for axes in figure.axes[2:]:
        area, line = (patch.get_data() for patch in axes.patches)
        np.testing.assert_array_equal(area.edges, line.edges)
        # The narrow one is five times as high, in bins of a fifth of its width.
        assert 3 < line.values.max() / area.values.max() < 7
        assert (area.values @ np.diff(area.edges)) > 0.95
    (legend,) = figure.subfigs[1].legends
    assert [t.get_text() for t in legend.get_texts()] == ["z ~ p(z)", "z ~ q(z)"]
    assert figure.get_suptitle() == "aggregate posterior of 400 examples"


def test_both_planes_have_the_same_limits_and_points_by_class(render):
    labels = np.arange(400) % 3
    far = np.where(np.arange(400)[:, None] < 8, 50.0, NARROW[:, :2])  # 2 % of them
    figure = render(draw_aggregate_posterior(far, PRIOR[:, :2], labels=labels))
    left, right = figure.axes[:2]
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    np.testing.assert_array_equal(left.collections[0].get_offsets(), far)
    np.testing.assert_array_equal(right.collections[0].get_offsets(), PRIOR[:, :2])
    words = [text.get_text() for text in left.get_legend().get_texts()]
    assert words == ["0", "1", "2"]
    assert left.get_xlim()[1] > 50.0  # no draw of q(z) is cut off


def test_the_plane_is_that_of_the_dimensions_furthest_apart():
    draws = RANDOM.normal(size=(300, 5)) * [1.0, 0.8, 1.0, 0.1, 1.0] + [0, 0, 0, 0, 2.0]
    assert furthest_apart(draws, PRIOR[:, :5]) == (3, 4)
    pairs = zip(draws.T, PRIOR[:, :5].T, strict=True)
    distances = [stats.ks_2samp(q, p).statistic for q, p in pairs]
    assert set(np.argsort(distances)[-2:]) == {3, 4}
    figure = draw_aggregate_posterior(draws, PRIOR[:, :5])
    assert figure.axes[0].get_xlabel() == "z3 (latent units)"
    assert figure.axes[1].get_ylabel() == "z4 (latent units)"


def test_of_many_dimensions_the_first_are_shown():
    figure = draw_aggregate_posterior(NARROW, PRIOR)
    assert len(figure.axes) == 2 + 16
    assert "first 16 of 18 dimensions" in figure.get_suptitle()


def test_one_dimension_has_no_plane(render):
    figure = render(draw_aggregate_posterior(NARROW[:, :1], PRIOR[:, :1]))
    assert [axes.get_title() for axes in figure.axes] == ["z0"]


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match=r"got \(400, 18\) and \(500, 2\)"):
        draw_aggregate_posterior(NARROW, PRIOR[:, :2])
