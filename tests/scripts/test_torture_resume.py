"""The comparison of a run that is killed with one that is left alone."""

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "torture_resume.py"
LINE = ["--steps", "60", "--", "evaluation.num_samples=4"]


@pytest.fixture
def torture():
    return runpy.run_path(str(SCRIPT))


@pytest.mark.slow
def test_a_few_kills_change_nothing(torture, capsys):
    assert torture["main"](["--kills", "3", "--seed", "1", *LINE]) == 0
    out = capsys.readouterr().out
    assert "3 kills (" in out
    assert out.endswith("identical\n")


def test_what_differs_is_found(torture, monkeypatch, capsys):
    """The comparison itself can fail: one bit, one row, one result."""
    functions = torture["main"].__globals__
    outcomes = iter([{"a": b"1", "b": 2}, {"a": b"1", "b": 3}])
    monkeypatch.setitem(functions, "finished", lambda root, words: None)
    monkeypatch.setitem(functions, "killed", lambda *arguments: True)
    monkeypatch.setitem(functions, "outcome", lambda root: next(outcomes))
    assert torture["main"](["--kills", "1"]) == 1
    assert "run 0, killed 1 times: different: b" in capsys.readouterr().out
