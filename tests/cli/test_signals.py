"""A signal is kept, wherever it comes: in a callback, an import, another's print."""

import contextlib
import gc
import io
import signal
import threading

import pytest

from tests.cli.commands import read
from vaex.cli import _stages
from vaex.cli._signals import Interrupted, StopRequest, stop_request
from vaex.cli._structure import Structure
from vaex.evaluation import estimates

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(),
    reason="signals reach the main thread only",
)


def test_one_that_comes_in_a_callback_of_the_collector_is_kept():
    def collected(phase, info):
        if phase == "start":
            signal.raise_signal(signal.SIGTERM)

    with stop_request() as stop:
        stop.check()
        gc.callbacks.append(collected)
        try:
            gc.collect()  # what a callback raises is printed, and gone
        finally:
            gc.callbacks.remove(collected)
        with pytest.raises(Interrupted) as caught:
            stop.check()
    assert caught.value.code == 128 + signal.SIGTERM


def test_a_second_one_stops_at_once_unless_a_machine_sends_several(monkeypatch, capsys):
    with stop_request() as stop:
        signal.raise_signal(signal.SIGINT)
        assert "SIGINT: saving; once more to stop at once" in capsys.readouterr().out
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)
    monkeypatch.setattr(StopRequest, "is_patient", True)
    with stop_request() as stop:
        for name in ("SIGTERM", "SIGINT"):
            signal.raise_signal(getattr(signal, name))
        assert stop.number == signal.SIGTERM
    assert "once more" not in capsys.readouterr().out


def test_what_is_begun_within_a_request_is_stopped_by_it():
    before = signal.getsignal(signal.SIGTERM)
    with stop_request() as outer:
        with stop_request():
            signal.raise_signal(signal.SIGTERM)
        with stop_request() as next_one, pytest.raises(Interrupted):
            next_one.check()
        assert outer.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
    with stop_request() as another:
        another.check()


def test_another_thread_has_a_request_that_nothing_reaches():
    found = []

    def work():
        with stop_request() as stop:
            signal.raise_signal(signal.SIGTERM)
            found.append(stop.number)

    with stop_request() as stop:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert stop.number == signal.SIGTERM
    assert found == [None]


class Busy(io.StringIO):
    """Standard output in the middle of a print."""

    def write(self, text):
        raise RuntimeError("reentrant call inside <_io.BufferedWriter>")


def test_one_that_comes_in_the_middle_of_a_print_is_kept():
    with stop_request() as stop, contextlib.redirect_stdout(Busy()):
        signal.raise_signal(signal.SIGTERM)
    assert stop.number == signal.SIGTERM


def signalled(true):
    """A function that gets a signal, and loses what it raises, as an import would."""

    def act(*arguments, **options):
        with contextlib.suppress(BaseException):
            signal.raise_signal(signal.SIGTERM)
        return true(*arguments, **options)

    return act


def test_one_that_comes_while_a_run_is_built_stops_it_there(
    train, tmp_path, monkeypatch
):
    monkeypatch.setattr(_stages, "build_alone", signalled(_stages.build_alone))
    code, out, err = train(tmp_path)
    assert code == 128 + signal.SIGTERM
    assert "SIGTERM: saving; once more to stop at once" in out
    assert "the same line again goes on" in err
    (status,) = tmp_path.glob("*/status.json")
    assert read(status)["state"] == "interrupted"
    assert not list(tmp_path.glob("*/checkpoints/*"))


def test_one_that_comes_while_a_sweep_is_built_stops_it_there(
    train, tmp_path, monkeypatch
):
    monkeypatch.setattr(Structure, "build", signalled(Structure.build))
    code, _, err = train(tmp_path, "-m", "seed=0,1")
    assert code == 128 + signal.SIGTERM
    assert "the same line again goes on" in err
    assert not list(tmp_path.glob("*/status.json"))  # none was begun


def test_one_that_comes_while_a_run_is_evaluated_stops_it_there(
    train, tmp_path, monkeypatch
):
    true = estimates.estimate
    monkeypatch.setattr("vaex.cli._evaluate.estimate", signalled(true))
    code, _, _ = train(tmp_path)
    assert code == 128 + signal.SIGTERM
    (status,) = tmp_path.glob("*/status.json")
    assert read(status)["state"] == "interrupted"
    assert list(tmp_path.glob("*/checkpoints/4"))
