"""A start looks for no garbage, and leaves the collector as it was."""

import atexit
import gc
import sys

import pytest

from vaex.cli import _garbage
from vaex.cli._session import Session
from vaex.cli.main import main

THRESHOLDS = (1000, 10, 10)


@pytest.fixture(autouse=True)
def thresholds():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_it_is_taken_up_where_that_is_asked_or_at_the_end():
    assert gc.isenabled()
    gc.set_threshold(*THRESHOLDS)
    with _garbage.put_off():
        assert not gc.isenabled()
        _garbage.take_up()
        assert gc.isenabled()
        assert gc.get_threshold() == _garbage.THRESHOLDS
    assert gc.get_threshold() == THRESHOLDS
    with _garbage.put_off():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_threshold() == THRESHOLDS


def test_cycles_made_meanwhile_are_found_later():
    class Node:
        pass

    def nodes() -> int:
        return sum(type(each) is Node for each in gc.get_objects())

    with _garbage.put_off():
        node = Node()
        node.me = node  # type: ignore[attr-defined]
        del node
        assert nodes() == 1
    gc.collect()
    assert nodes() == 0


def test_one_that_somebody_else_turned_off_stays_so():
    gc.disable()
    try:
        with _garbage.put_off():
            _garbage.take_up()
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("words", [[], ["-m", "seed=0,1", "hydra/launcher=basic"]])
def test_a_run_trains_with_it(train, tmp_path, table_file, monkeypatch, words):
    found = []

    def enter(session, chunk, enter=Session.take):
        found.append(gc.isenabled())
        return enter(session, chunk)

    monkeypatch.setattr(Session, "take", enter)
    line = (f"data.path={table_file}", "run.figures=false")
    train(tmp_path, "data=array", *line, *words)
    assert found[0] is bool(words)
    assert found[-1]
    assert gc.isenabled()


@pytest.mark.parametrize(("argv", "wanted"), [(None, [gc.freeze]), (["version"], [])])
def test_the_program_looks_for_none_as_it_ends(monkeypatch, argv, wanted):
    found = []
    monkeypatch.setattr(atexit, "register", found.append)
    monkeypatch.setattr(sys, "argv", ["vaex", "version"])
    assert main(argv) == 0
    assert found == wanted
