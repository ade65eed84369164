"""Views hear everything once, and none can fail the run."""

import json

import pytest

from tests.tracking.recording import Recording
from vaex.errors import InputError
from vaex.tracking.base import View
from vaex.tracking.views import Views


def rows(*steps):
    return [{"step": n, "epoch": 0.0, "split": "train", "loss": 1.0} for n in steps]


@pytest.fixture
def attempt(tmp_path):
    """Begins an attempt with the rows that metrics.jsonl holds; views and warnings."""

    def begin(before=(), **views):
        said = []
        made = Views(views, tmp_path, said.append)
        made.start({"seed": 0}, rows(*before))
        return made, said

    return begin


def end(views, folder, state="finished"):
    if state == "finished":
        views.results({"elbo": -3.0}, [folder / "samples.png"])
    views.stop(state)


def test_a_view_hears_a_run_in_order(attempt, tmp_path):
    view = Recording()
    views, said = attempt(a=view)
    views.rows(rows(10))
    views.rows(rows(20, 30))
    end(views, tmp_path)
    assert view.told == [
        ("start", None),
        *[("row", step) for step in (10, 20, 30)],
        ("figure", "samples"),
        ("results", -3.0),
        ("stop", "finished"),
    ]
    assert said == []


def test_rows_done_again_after_a_resume_are_not_told_twice(attempt, tmp_path):
    first, second, third = Recording(), Recording(), Recording()
    views, _ = attempt(a=first)
    views.rows(rows(10, 20, 30))  # killed; the checkpoint is that of step 10
    views, _ = attempt([10], a=second)
    views.rows(rows(20))  # killed again, before it was as far as the first time
    views, said = attempt([10], a=third)
    views.rows(rows(20, 30, 40))
    views.rows(rows(50))
    end(views, tmp_path)
    assert (first.steps, second.steps, third.steps) == ([10, 20, 30], [], [40, 50])
    assert [view.told[0] for view in (second, third)] == [("start", "made up")] * 2
    assert said == []


def test_a_view_that_is_behind_catches_up(attempt, tmp_path):
    late = Recording()
    views, _ = attempt(a=Recording())
    views.rows(rows(10, 20))
    end(views, tmp_path, "interrupted")
    known = Recording()
    views, _ = attempt([10, 20], a=known, b=late)
    views.rows(rows(30))
    assert (known.steps, late.steps) == ([30], [10, 20, 30])
    assert late.told[0] == ("start", None)


def test_a_complete_view_is_left_alone(attempt, tmp_path):
    views, _ = attempt(a=Recording())
    views.rows(rows(10))
    end(views, tmp_path)
    again, late = Recording(), Recording()
    views, _ = attempt([10], a=again, b=late)
    end(views, tmp_path)
    assert again.told == []
    assert [what[0] for what in late.told] == [
        "start",
        "row",
        "figure",
        "results",
        "stop",
    ]


@pytest.mark.parametrize("method", ["start", "row", "figure", "results", "stop"])
def test_a_view_that_fails_is_dropped_with_one_line(attempt, tmp_path, method):
    bad, good = Recording(fails=method), Recording()
    views, said = attempt(bad=bad, good=good)
    for step in (10, 20, 30):
        views.rows(rows(step))
    end(views, tmp_path)
    assert good.steps == [10, 20, 30]
    assert good.told[-1] == ("stop", "finished")
    (line,) = said
    assert line == (
        "warning: tracking.bad failed and is left out from here on: no route to host; "
        "metrics.jsonl and results.json hold everything"
    )
    closed = [] if method == "stop" else [("stop", "failed")]
    assert bad.told[-1:] == closed or method == "stop"


def test_what_a_failed_view_missed_is_told_at_the_next_attempt(attempt):
    flaky, mended = Recording(fails="row", after=2), Recording()
    views, said = attempt(a=flaky)  # start, one row, then it fails
    for step in (10, 20, 30):
        views.rows(rows(step))
    assert (flaky.steps, len(said)) == ([10], 1)
    views, said = attempt([10, 20, 30], a=mended)
    assert (mended.steps, said) == ([20, 30], [])


def test_rows_that_were_buffered_and_not_sent_are_told_again(attempt):
    lost, mended = Recording(fails="flush"), Recording()
    views, said = attempt(a=lost)
    views.rows(rows(10, 20))
    assert (lost.steps, len(said)) == ([10, 20], 1)
    attempt([10, 20], a=mended)
    assert mended.steps == [10, 20]


def test_a_long_run_is_caught_up_with_in_parts(attempt):
    steps = [*range(1, 251)]
    view, mended = Recording(fails="row", after=221), Recording()
    attempt(steps, a=view)  # fails at the 221st row
    assert view.steps == steps[:220]
    attempt(steps, a=mended)
    assert mended.steps == steps[200:]


def test_a_damaged_record_costs_the_view_only(attempt, tmp_path):
    (tmp_path / "tracking").mkdir()
    (tmp_path / "tracking" / "a.json").write_text("{torn")
    views, said = attempt([10], a=Recording(), b=Recording())
    assert "tracking.a failed" in said[0]
    assert len(said) == 1
    assert json.loads((tmp_path / "tracking" / "b.json").read_text()) == {
        "name": "made up",
        "rows": 1,
        "results": False,
    }


class Needy(View):
    def needs(self):
        return ("json", "not_there", "nor_this")


def test_missing_packages_are_refused_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        Views({"needy": Needy()}, tmp_path, print)
    expected = "tracking.needy needs not_there and nor_this, not installed here: pip "
    assert str(caught.value).startswith(f"{expected}install 'vaex-jax[track]' ")


def test_what_is_no_view_is_refused(tmp_path):
    with pytest.raises(
        InputError, match=r"tracking\.x\._target_ must give a View, got a dict"
    ):
        Views({"x": {}}, tmp_path, print)  # type: ignore[dict-item]


def test_no_views_leave_nothing(attempt, tmp_path):
    views, said = attempt([10])
    views.rows(rows(20))
    end(views, tmp_path)
    assert not views
    assert (said, list(tmp_path.iterdir())) == ([], [])


def test_a_view_may_leave_every_method_out(attempt, tmp_path):
    views, said = attempt([10], plain=View())
    views.rows(rows(20))
    end(views, tmp_path)
    assert said == []
