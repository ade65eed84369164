"""Runs that end early: divergence, interruption, failure."""

import pytest

from tests.cli.commands import only_run, read
from vaex.io.run_directory import RunDirectory


@pytest.mark.slow
@pytest.mark.parametrize("cause", ["learning rate", "head"])
def test_divergence(train, tmp_path, table_file, my_lab, cause):
    line = ["data=array", f"data.path={table_file}"]
    if cause == "head":
        target = f"likelihood._target_={my_lab}.heads.Undefined"
        line += ["likelihood=custom", target]
    else:
        line += ["optimizer.learning_rate=1e30"]
    code, _, err = train(tmp_path / "runs", *line, "trainer.max_skipped=0")
    assert code == 1
    step = 0 if cause == "head" else 1
    assert f"is not finite at step {step}\n" in err
    what = "likelihood Undefined" if cause == "head" else "encoder/"
    assert what in err
    run = only_run(tmp_path / "runs")
    assert f"vaex replay {run} --step {step}" in err
    assert str(run) in err
    status = read(run / "status.json")
    assert status["state"] == "diverged"
    assert f"step {step}" in status["reason"]
    assert f"step {step}" in (run / "error.txt").read_text()
    assert not (run / "results.json").exists()
    rows = [row for row in RunDirectory(run).metrics() if row["split"] == "train"]
    assert [row["step"] for row in rows] == [1] * step


def test_an_interruption_before_the_start_leaves_nothing(train, tmp_path, monkeypatch):
    def interrupted(config):
        raise KeyboardInterrupt

    monkeypatch.setattr("vaex.cli._stages.assemble", interrupted)
    assert train(tmp_path) == (130, "", "\nvaex: interrupted\n")
    assert not tmp_path.exists()


def test_a_failure_is_recorded(train, tmp_path, table_file, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr("vaex.io.checkpoint.save", fail)
    code, _, err = train(tmp_path, "data=array", f"data.path={table_file}")
    assert code == 1
    assert err.startswith("vaex: the checkpoint could not be saved: RuntimeError: the ")
    run = only_run(tmp_path)
    status = read(run / "status.json")
    assert status["state"] == "failed"
    assert "the disk is on fire" in status["reason"]
    assert "Traceback" in (run / "error.txt").read_text()
