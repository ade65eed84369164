import numpy as np
import pytest

from vaex.figures.search_history import SearchTrial, draw_search_history
from vaex.figures.search_parameters import SearchedParameter, draw_search_parameters


def trials(values, state="complete"):
    return [SearchTrial(i, state, value) for i, value in enumerate(values)]


def line(axes, label):
    (found,) = (line for line in axes.lines if line.get_label() == label)
    return found


@pytest.mark.parametrize("maximize", [True, False])
def test_history_shows_trials_and_the_best_so_far(render, maximize):
    sign = 1 if maximize else -1
    values = [-9.0, -7.0, -8.0, -5.0, -6.0]
    found = [*trials([sign * v for v in values]), SearchTrial(5, "failed", None)]
    found.append(SearchTrial(6, "pruned", sign * -8.5))
    figure = render(draw_search_history(found, "ELBO (nats)", maximize=maximize))
    (axes,) = figure.axes
    assert axes.get_xlabel() == "trial"
    assert axes.get_ylabel() == "ELBO (nats)"
    best = line(axes, "best so far")
    assert best.get_xdata().tolist() == [0, 1, 2, 3, 4, 6]
    assert best.get_ydata().tolist() == [sign * v for v in (-9, -7, -7, -5, -5, -5)]
    assert line(axes, "trial").get_ydata().tolist() == [sign * v for v in values]
    assert line(axes, "pruned").get_ydata().tolist() == [sign * -8.5]
    assert line(axes, "failed").get_xdata().tolist() == [5]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["trial", "pruned", "best so far", "failed"]


@pytest.mark.parametrize("maximize", [True, False])
def test_history_keeps_bad_trials_from_flattening_the_good(render, maximize):
    sign = 1 if maximize else -1
    values = [sign * v for v in (-1e6, *np.linspace(-200, -100, 30), -1e9)]
    (axes,) = render(draw_search_history(trials(values), "", maximize=maximize)).axes
    low, high = axes.get_ylim()
    assert high - low < 200
    assert axes.get_title(loc="right") == "2 of 32 values outside"
    assert min(low, high) < sign * -100 < max(low, high)


def test_history_of_one_trial_and_of_none(render):
    render(draw_search_history(trials([-3.0]), "ELBO"))
    with pytest.raises(ValueError, match="trials must hold one that is complete"):
        draw_search_history(trials([None], "failed"), "ELBO")


def test_parameters_have_an_axis_each(render):
    parameters = [
        SearchedParameter("rate", [1e-4, 1e-3, 1e-2], is_log=True, importance=0.75),
        SearchedParameter("head", ["b", "a", "a"]),
        SearchedParameter("dim", ["2", "16", "8"]),
        SearchedParameter("same", [3.0, 3.0, 3.0]),
    ]
    scores = np.array([-3.0, -1.0, -2.0])
    (axes,) = render(draw_search_parameters(parameters, scores, "ELBO")).axes
    words = [text.get_text() for text in axes.texts]
    assert "rate\n75% of variance" in words
    assert {"0.001", "a", "b", "head", "ELBO", "2", "16", "8"} <= {*words}
    lines = [x.get_ydata() for x in axes.lines if len(x.get_xdata()) == 5]
    heights = np.stack(lines)  # worst first
    np.testing.assert_allclose(heights[:, 0], [0, 1, 0.5], atol=1e-12)
    np.testing.assert_allclose(heights[:, 4], [0, 0.5, 1])
    assert heights[0, 1] > 0.5 > heights[1, 1] > heights[2, 1]  # b above a, spread
    np.testing.assert_allclose(heights[:, 2], [1 / 6, 0.5, 5 / 6])  # 2, 8, 16
    np.testing.assert_allclose(heights[:, 3], 0.5)


def test_the_best_is_last_where_lower_is_better(render):
    parameter = SearchedParameter("rate", [1.0, 2.0, 3.0])
    scores = np.array([5.0, 7.0, 6.0])
    figure = draw_search_parameters([parameter], scores, "NLL", maximize=False)
    lines = [x.get_ydata() for x in render(figure).axes[0].lines]
    np.testing.assert_allclose(lines[:3], [[0.5, 1], [1, 0.5], [0, 0]])


def test_parameters_without_trials():
    with pytest.raises(ValueError, match="one value for each score"):
        draw_search_parameters([SearchedParameter("a", [])], np.array([]), "ELBO")
    with pytest.raises(ValueError, match="one value for each score"):
        draw_search_parameters([SearchedParameter("a", [1.0])], np.zeros(2), "ELBO")
