"""The first of several processes and those that follow, as far as one shows it."""

import signal

import pytest

from vaex.cli import _following
from vaex.cli._following import agreed, lead, led
from vaex.cli._signals import stop_request
from vaex.errors import InputError, RunError
from vaex.training.loop import Diverged

RESULTS = {"elbo": {"value": -1.5}}


@pytest.fixture
def said(monkeypatch) -> list:
    """What the first of several processes says, in place of saying it."""
    words = []
    monkeypatch.setattr(_following, "tell", words.append)
    monkeypatch.setattr(_following.jax.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(_following, "_lead", {"is_under_way": False})
    return words


def steps(error: Exception | None = None) -> dict:
    with led(skipped=2):
        if error is not None:
            raise error
    return RESULTS


def test_the_others_hear_of_the_steps_and_of_the_end(said):
    assert lead(steps) == RESULTS
    assert said == [{"skipped": 2}, {"elbo": -1.5}]


def test_they_need_not_wait_for_what_is_refused(said):
    def refused():
        raise InputError("no such data")

    with pytest.raises(InputError, match="no such data"):
        lead(refused)
    assert said == [{"elbo": None}]


def test_all_diverge_together(said):
    with pytest.raises(Diverged):
        lead(lambda: steps(Diverged(3)))
    assert said == [{"skipped": 2}, {"elbo": None}]


def test_what_fails_between_two_steps_leaves_them_to_end(said):
    with pytest.raises(OSError, match="full"):
        lead(lambda: steps(OSError("full")))
    assert said == [{"skipped": 2}]
    with pytest.raises(RunError, match="out of step with each other"):
        lead(steps)


def test_one_process_says_nothing():
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            lead(lambda: steps(OSError("full")))
    assert lead(steps) == RESULTS


def test_a_signal_is_agreed_on():
    with stop_request() as stop:
        assert agreed(stop) == (0, False)
        assert agreed(stop, is_over=True) == (0, True)
        signal.raise_signal(signal.SIGTERM)
        assert agreed(stop) == (signal.SIGTERM, False)
