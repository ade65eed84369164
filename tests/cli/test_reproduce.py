"""`vaex reproduce`: parts that are kept, the comparison, and what cannot work."""

import json

import pytest

from vaex.cli import _reproduction

MODULE = '''\
"""A toy."""

from matplotlib.figure import Figure


def parts(scale):
    return {"one": lambda: {"a": 1.0}, "two": lambda: {"b": [2.0]}}


def measures(found):
    return {"sum": found["one"]["a"] + found["two"]["b"][0], "a": found["one"]["a"]}


def draw(found):
    return Figure()
'''
ROWS = """\
title: A toy
source: nowhere
rows:
  - {name: sum, value: 3.1, tolerance: 0.2, source: by hand}
  - {name: a, value: 1.0, percent: 1, source: by hand}
  - {name: a, value: 0.5, at_least: true, source: by hand}
  - {name: a, value: 7, at_most: true, source: by hand, scales: [full]}
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The folder of an experiment "toy"."""
    folder = tmp_path / "experiments"
    folder.mkdir()
    (folder / "toy.py").write_text(MODULE)
    (folder / "toy.yaml").write_text(ROWS)
    monkeypatch.setattr(_reproduction, "experiments_folder", lambda: folder)
    monkeypatch.chdir(tmp_path)
    return folder


def test_paper_and_ours_side_by_side(vaex, toy, tmp_path):
    code, out, err = vaex("reproduce", "toy")
    assert (code, err) == (0, "")
    assert "part 1 of 2, one: " in out
    assert out.count("pass") == 3
    assert "3 of 3 numbers are within their tolerance" in out
    folder = tmp_path / "reproductions" / "toy-smoke"
    results = json.loads((folder / "results.json").read_text())
    assert [row["passed"] for row in results["rows"]] == [True] * 3
    assert results["rows"][0]["ours"] == 3.0
    assert (folder / "toy.png").is_file()


def test_finished_parts_are_reused_until_the_code_changes(vaex, toy, tmp_path):
    vaex("reproduce", "toy")
    _, out, _ = vaex("reproduce", "toy")
    assert "part 1 of 2, one: done before" in out
    assert "part 2 of 2, two: done before" in out
    part = tmp_path / "reproductions" / "toy-smoke" / "parts" / "two.json"
    part.write_text(part.read_text()[:-20])  # cut short, as by a full disk
    _, out, _ = vaex("reproduce", "toy")
    assert "one: done before" in out
    assert "two: done before" not in out
    (toy / "toy.py").write_text(MODULE.replace('"a": 1.0', '"a": 2.0'))
    code, out, _ = vaex("reproduce", "toy")
    assert code == 1
    assert "done before" not in out
    assert out.count("FAIL") == 2
    assert "1 of 3 numbers are within their tolerance" in out


def test_a_module_may_keep_runs_and_state_standard_errors(vaex, toy, tmp_path):
    changed = MODULE.replace("parts(scale)", "parts(scale, folder)")
    changed = changed.replace('{"a": 1.0}', '{"a": 1.0, "folder": str(folder)}')
    changed = changed.replace('found["one"]["a"]}', '(found["one"]["a"], 0.25)}')
    (toy / "toy.py").write_text(changed)
    code, out, _ = vaex("reproduce", "toy", "--folder", str(tmp_path / "here"))
    assert code == 0
    assert "1 +- 0.25" in out
    results = json.loads((tmp_path / "here" / "results.json").read_text())
    assert [row["error"] for row in results["rows"]] == [None, 0.25, 0.25]
    part = json.loads((tmp_path / "here" / "parts" / "one.json").read_text())
    assert part["found"]["folder"] == str(tmp_path / "here")


def test_the_list(vaex, toy):
    code, out, _ = vaex("reproduce")
    assert code == 0
    assert out.split(maxsplit=1) == ["toy", "A toy\n"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("toi",), "there is no experiment 'toi'; did you mean toy?; there are: toy"),
        (("toy", "--scale", "huge"), "--scale must be one of ['smoke', 'full'], got"),
    ],
)
def test_what_cannot_work(vaex, toy, line, message):
    code, out, err = vaex("reproduce", *line)
    assert (code, out) == (2, "")
    assert err.startswith(f"vaex: {message}")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("title: A\nsource: b\n", "must hold 'rows'"),
        (ROWS.replace("tolerance: 0.2, ", ""), "one of tolerance, percent, at_least"),
        (ROWS.replace("name: sum", "name: summ"), "'summ' is no measure; there are:"),
        (ROWS.replace("percent: 1,", "percent: 1, unit: m,"), "has no ['unit']"),
    ],
    ids=["rows", "rule", "measure", "key"],
)
def test_references_that_cannot_work(vaex, toy, rows, message):
    (toy / "toy.yaml").write_text(rows)
    code, _, err = vaex("reproduce", "toy")
    assert code == 2
    assert message in err


def test_an_installation_without_a_clone(vaex, tmp_path, monkeypatch):
    monkeypatch.setattr("vaex.__file__", str(tmp_path / "vaex" / "__init__.py"))
    code, _, err = vaex("reproduce", "snr")
    assert code == 2
    assert "reproduce needs a clone of vaex" in err
