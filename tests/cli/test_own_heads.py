"""Heads of the user's own, named by their import path."""

import math

import pytest

from tests.cli.commands import only_run, read


@pytest.mark.slow
def test_a_head_of_ones_own(train, tmp_path, my_lab, table_file):
    answer = train(
        tmp_path / "runs",
        "data=array",
        f"data.path={table_file}",
        "likelihood=custom",
        f"likelihood._target_={my_lab}.heads.MyHead",
        "+likelihood.k=3",
    )
    assert (answer.code, answer.err) == (0, "")
    assert "MyHead(event_shape=(5,), min_scale=0.001, k=3)" in answer.out
    run = only_run(tmp_path / "runs")
    assert run.name.startswith("array-heads-")
    assert read(run / "config.json")["likelihood"]["k"] == 3
    assert math.isfinite(read(run / "results.json")["elbo"]["value"])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("heads.MyHaed", ["heads has no 'MyHaed'", "did you mean MyHead?"]),
        ("haeds.MyHead", ["has no 'haeds'", "did you mean heads?"]),
        ("broken.Head", ["broken failed", "No module named 'not_installed_anywhere'"]),
        ("cut.Head", ["cut failed: SyntaxError"]),
        ("heads.Stubborn", ["likelihood: Stubborn refused", "not today"]),
        ("heads.Unfit", ["the parts do not fit together", "takes 3 positional"]),
    ],
)
def test_a_head_that_does_not_work(refused, tmp_path, my_lab, path, words):
    target = f"likelihood._target_={my_lab}.{path}"
    message = refused(tmp_path / "runs", "likelihood=custom", target)
    for word in words:
        assert word in message


def test_a_mistake_in_a_head(train, tmp_path, my_lab):
    """Not bad input but a bug of the user's: where it is, and nothing left behind."""
    target = f"likelihood._target_={my_lab}.heads.Misspelt"
    code, out, err = train(tmp_path / "runs", "likelihood=custom", target)
    assert (code, out) == (2, "")
    assert "has no attribute 'Laplase'" in err
    assert not (tmp_path / "runs").exists()


def test_an_argument_of_the_wrong_type(refused, tmp_path, my_lab):
    line = ("likelihood=custom", f"likelihood._target_={my_lab}.heads.MyHead")
    message = refused(tmp_path / "runs", *line, "+likelihood.k=many")
    assert message == "likelihood.k must be an integer, got 'many'"
    message = refused(tmp_path / "runs", *line, "+likelihood.kk=1")
    assert message == "likelihood.kk: MyHead has no argument 'kk'; did you mean k?"


@pytest.mark.slow
def test_a_root_below_home(train, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    code, _, err = train("'~/mine'", "trainer.steps=1")
    assert (code, err) == (0, "")
    assert only_run(tmp_path / "mine")
