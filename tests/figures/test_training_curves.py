import numpy as np
import pytest

from vaex.figures.training_curves import draw_training_curves

NATS = ["ELBO", "distortion", "rate"]


def make_rows(steps, split="train", **overrides):
    for step in steps:
        row = {"step": int(step), "epoch": 0, "split": split}
        distortion, rate = 100 + 50 / step, 20 - 5 / step
        row |= {"distortion": distortion, "rate": rate, "elbo": -distortion - rate}
        yield row | {"loss": distortion + rate} | overrides


def labels(figure):
    return [axes.get_ylabel() for axes in figure.axes]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_panels_units_and_data(render):
    rows = [*make_rows(range(1, 9)), *make_rows([4, 8], "validation")]
    figure = render(draw_training_curves(rows))
    assert labels(figure) == [f"{name} (nats per example)" for name in NATS]
    assert {axes.get_xlabel() for axes in figure.axes} == {"optimizer step"}
    assert legend(figure) == ["train", "validation"]
    train, validation = figure.axes[0].lines
    np.testing.assert_array_equal(train.get_xdata(), np.arange(1, 9))
    np.testing.assert_array_equal(train.get_ydata(), [r["elbo"] for r in rows[:8]])
    np.testing.assert_array_equal(validation.get_ydata(), [r["elbo"] for r in rows[8:]])
    assert validation.get_marker() == "o"


def test_long_training_curve_is_smoothed(render):
    rng = np.random.default_rng(0)
    rows = [row | {"elbo": rng.normal()} for row in make_rows(range(1, 501))]
    raw, smooth = render(draw_training_curves(rows)).axes[0].lines
    np.testing.assert_array_equal(raw.get_ydata(), [row["elbo"] for row in rows])
    assert np.std(smooth.get_ydata()[50:]) < 0.5 * np.std(raw.get_ydata())
    assert smooth.get_label() == "train, median of 23 rows"


def test_loss_only(render):
    rows = make_rows(range(1, 5), elbo=None, rate=None, distortion=None)
    figure = render(draw_training_curves(list(rows)))
    assert labels(figure) == ["loss (per example, units of the objective)"]


def test_missing_quantities_leave_out_their_panels(render):
    rows = [{"step": 1, "split": "test", "elbo": -3.0, "rate": float("nan")}]
    figure = render(draw_training_curves(rows))
    assert labels(figure) == ["ELBO (nats per example)"]


@pytest.mark.parametrize("split", ["train", "validation", "test", "probe"])
def test_single_row(render, split):
    figure = render(draw_training_curves(list(make_rows([7], split))))
    assert legend(figure) == [split]
    assert len(figure.axes) == 3
    assert figure.axes[0].lines[0].get_marker() not in ("", "None")


def test_early_outliers_do_not_flatten(render):
    rows = [*make_rows([1, 2], elbo=-1e9), *make_rows(range(3, 60))]
    rows = rows[:2] + [row | {"elbo": row["step"] - 200.0} for row in rows[2:]]
    axes = render(draw_training_curves(rows)).axes[0]
    low, high = axes.get_ylim()
    assert -210 < low < -197
    assert -141 < high < -130
    assert axes.get_title(loc="right") == "2 of 59 values outside"


def test_last_value_is_always_visible(render):
    rows = [*make_rows(range(1, 60)), *make_rows([60], elbo=-1e6)]
    low, _ = render(draw_training_curves(rows)).axes[0].get_ylim()
    assert low < -1e6


def test_nan_and_infinite_values_are_gaps(render):
    bad = [float("nan"), float("inf"), None, "diverged"]
    rows = [row for i, v in enumerate(bad, 1) for row in make_rows([i], elbo=v)]
    rows += make_rows([5, 6])
    line = render(draw_training_curves(rows)).axes[0].lines[0]
    assert line.get_xdata().tolist() == [5, 6]


def test_constant_and_repeated_steps(render):
    rows = [*make_rows([3, 1], elbo=-5.0), *make_rows([3], elbo=-4.0)]
    line = render(draw_training_curves(rows)).axes[0].lines[0]
    assert line.get_xdata().tolist() == [1, 3]
    assert line.get_ydata().tolist() == [-5.0, -4.0]
    render(draw_training_curves(list(make_rows(range(1, 40), elbo=-5.0))))


@pytest.mark.parametrize("rows", [[], [{"step": 1, "elbo": None}], [{"elbo": 1.0}]])
def test_nothing_to_draw(rows):
    with pytest.raises(ValueError, match=r"metrics\.jsonl"):
        draw_training_curves(rows)
