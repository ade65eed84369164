"""Rows of metrics.jsonl whatever the chunks were; the bar and its plain lines."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from vaex.cli import _progress
from vaex.cli._progress import CountProgress, MetricsLog, TrainingProgress


class Rows:
    """Stands in for a run directory."""

    def __init__(self) -> None:
        self.rows: list[dict] = []

    def append_metrics(self, rows) -> None:
        self.rows += rows


STEPS = 47
LOSS = np.random.default_rng(0).normal(size=STEPS).astype(np.float32)


def logged(cuts, *, every=10, estimates=(), steps_per_epoch=7):
    """Rows of a run whose chunks end at `cuts`, with estimates at some of them."""
    directory = Rows()
    with MetricsLog(directory, every, steps_per_epoch) as log:
        start = 0
        for end in cuts:
            log.add(end, {"loss": LOSS[start:end], "twice": 2 * LOSS[start:end]})
            if end in estimates:
                log.add_estimate(end, "test", {"elbo": -1.0})
            start = end
    return directory.rows


def expected(ends):
    rows, start = [], 0
    for end in ends:
        mean = float(LOSS[start:end].mean(dtype=np.float64))
        rows.append((end, mean))
        start = end
    return rows


def test_rows_are_averages_over_their_steps():
    rows = logged([STEPS])
    assert [(row["step"], row["loss"]) for row in rows] == expected(
        [10, 20, 30, 40, 47]
    )
    assert all(row["split"] == "train" for row in rows)
    assert all(row["twice"] == 2 * row["loss"] for row in rows)
    assert rows[0]["epoch"] == pytest.approx(10 / 7, abs=1e-4)
    assert rows[0].keys() == {"step", "epoch", "split", "loss", "twice"}


ends = st.sets(st.integers(1, STEPS - 1)).map(lambda cuts: sorted({*cuts, STEPS}))


@given(cuts=ends, every=st.integers(1, 60))
def test_rows_do_not_depend_on_the_cuts_and_count_each_step_once(cuts, every):
    rows = logged(cuts, every=every)
    assert rows == logged([STEPS], every=every)
    steps = [row["step"] for row in rows]
    assert steps == [*range(every, STEPS, every), STEPS]
    lengths = np.diff([0, *steps])
    assert sum(row["loss"] * n for row, n in zip(rows, lengths, strict=True)) == (
        pytest.approx(float(LOSS.sum(dtype=np.float64)))
    )


@given(cuts=ends)
def test_an_estimate_ends_a_row_and_the_next_goes_on_to_its_mark(cuts):
    estimates = {13, 40}
    rows = logged(sorted({*cuts, *estimates}), estimates=estimates)
    train = [row for row in rows if row["split"] == "train"]
    assert [(row["step"], row["loss"]) for row in train] == expected(
        [10, 13, 20, 30, 40, 47]
    )
    held_out = [row for row in rows if row["split"] == "test"]
    assert [(row["step"], row["elbo"]) for row in held_out] == [(13, -1.0), (40, -1.0)]
    assert [row["step"] for row in rows] == sorted(row["step"] for row in rows)


def test_what_is_left_is_written_when_training_stops_early():
    directory = Rows()

    def interrupted():
        with MetricsLog(directory, 10, 7) as log:  # type: ignore[arg-type]
            log.add(13, {"loss": LOSS[:13]})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [row["step"] for row in directory.rows] == [10, 13]


class Hearing:
    """Stands in for the views of a run."""

    def __init__(self) -> None:
        self.heard: list[dict] = []

    def rows(self, rows) -> None:
        self.heard += rows


def test_views_hear_every_row_but_one_that_is_cut_off_on_resume():
    directory, views = Rows(), Hearing()
    with MetricsLog(directory, 10, 7, views=views) as log:  # type: ignore[arg-type]
        log.add(13, {"loss": LOSS[:13]})
        log.add_estimate(13, "test", {"elbo": -1.0})
        log.add(STEPS, {"loss": LOSS[13:]})
    assert views.heard == directory.rows
    assert [row["step"] for row in views.heard] == [10, 13, 13, 20, 30, 40, 47]

    directory, views = Rows(), Hearing()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with MetricsLog(directory, 10, 7, views=views) as log:  # type: ignore[arg-type]
            log.add(13, {"loss": LOSS[:13]})
            raise KeyboardInterrupt
    assert [row["step"] for row in directory.rows] == [10, 13]
    assert [row["step"] for row in views.heard] == [10]


def test_nothing_is_written_of_nothing():
    assert logged([]) == []
    directory = Rows()
    with MetricsLog(directory, 10, 7) as log:
        log.add_estimate(0, "test", {"elbo": -2.0})
    assert [row["split"] for row in directory.rows] == ["test"]


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = {"time": 100.0}
    monkeypatch.setattr(_progress.time, "perf_counter", lambda: now["time"])
    return now


def test_plain_lines_come_every_few_seconds_with_what_is_left(clock, capsys):
    with CountProgress(100, "counting") as progress:
        progress.update(10)  # until here it compiled
        clock["time"] += 4.0
        progress.update(20)
        clock["time"] += 1.0
        progress.update(30)
        progress.update(31)
        clock["time"] += 5.0
        progress.update(60, "loss 3.0")
    assert capsys.readouterr().out.splitlines() == [
        # 20 counts in 5 s, then 50 in 10 s.
        "counting: 30/100, about 18 s left",
        "counting: 60/100, about 8 s left, loss 3.0",
    ]


def test_a_short_count_prints_nothing(capsys):
    with CountProgress(3, "counting") as progress:
        for done in (1, 2, 3):
            progress.update(done)
    assert capsys.readouterr().out == ""


def test_training_shows_nats_and_speed(clock, capsys):
    values = {"loss": np.array([90.0, 92.0]), "elbo": np.array([-80.0, -82.0])}
    with TrainingProgress(100, batch_size=50) as progress:
        progress.advance(2, values)
        progress.note({"elbo": -85.25, "rate": 3.0})
        clock["time"] += 10.0
        progress.advance(22, values)
    assert capsys.readouterr().out.splitlines() == [
        "training: 22/100, about 39 s left, elbo -81.00 nats, held-out -85.25, 0.1k/s"
    ]


def test_training_without_a_density_shows_its_loss(clock, capsys):
    with TrainingProgress(100, batch_size=50) as progress:
        progress.note({"reconstruction_loss": 4.5, "rate": 3.0})
        clock["time"] += 10.0
        progress.advance(1, {"loss": np.array([7.5])})
    assert capsys.readouterr().out.splitlines() == [
        "training: 1/100, loss 7.50, held-out 4.50"
    ]


def test_a_terminal_gets_a_bar(monkeypatch):
    screen = io.StringIO()

    def terminal(**options):
        return Console(file=screen, force_terminal=True, width=120, **options)

    monkeypatch.setattr(_progress, "Console", terminal)
    monkeypatch.setattr("rich.progress.get_console", terminal)
    with TrainingProgress(40, batch_size=50) as progress:
        progress.advance(40, {"loss": np.array([7.5])})
    assert "training" in screen.getvalue()
    assert "40/40" in screen.getvalue()
    assert "loss 7.50" in screen.getvalue()
