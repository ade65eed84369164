"""`vaex sweep status` and `vaex sweep report` on made-up runs."""

import json
import subprocess
import sys

import pytest

from tests.sweeps.made_up import configuration, write_grid, write_run


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    root = tmp_path_factory.mktemp("verbs") / "runs"
    write_grid(root)
    return root


@pytest.fixture
def mixed(tmp_path):
    """A finished run, a stale one and two that diverged for one reason."""
    write_run(tmp_path / "a", configuration(), words=["seed=0"])
    words = ["objective.beta=2", "seed=0"]
    write_run(tmp_path / "b", configuration(beta=2.0), state="running", words=words)
    for beta in (8.0, 9.0):
        config = configuration(beta=beta)
        write_run(tmp_path / str(beta), config, state="diverged", reason="not finite")
    return tmp_path


def test_all_is_finished(vaex, grid):
    code, out, err = vaex("sweep", "status", str(grid))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[1].startswith("line     vaex train -m optimizer.learning_rate=0.001,")
    assert lines[2].split()[:4] == ["job", "learning_rate", "beta", "seed"]
    assert lines[3].split()[:6] == ["0", "0.001", "0.5", "0", "finished", "20"]
    assert lines[-2] == "18 jobs: 18 finished"
    assert lines[-1].startswith("next     vaex sweep report ")


def test_what_is_left_to_do(vaex, mixed):
    code, out, _ = vaex("sweep", "status", str(mixed))
    assert code == 1
    assert "4 jobs: 1 finished, 1 stale, 2 diverged" in out
    assert "diverged: beta=8; beta=9\n  not finite\n" in out
    assert "12 of 20" in out
    assert "next     vaex train objective.beta=2 seed=0\n" in out


def test_a_sweep_goes_on_by_its_own_line(vaex, tmp_path):
    write_grid(tmp_path, seeds=2)
    (record,) = tmp_path.glob("sweeps/*/sweep.json")
    found = json.loads(record.read_text())
    words = ["optimizer.learning_rate=0.001", "objective.beta=0.5", "seed=9"]
    found["jobs"].append({"number": 12, "overrides": words, "run": "../../nowhere"})
    record.write_text(json.dumps(found))
    code, out, _ = vaex("sweep", "status", str(tmp_path))
    assert code == 1
    assert "13 jobs: 12 finished, 1 not started" in out
    assert "next     vaex train -m optimizer.learning_rate=0.001,0.003 " in out


def test_status_as_json(vaex, mixed):
    code, out, _ = vaex("sweep", "status", str(mixed), "--json")
    assert code == 1
    jobs = json.loads(out)["jobs"]
    assert [job["keys"]["objective.beta"] for job in jobs] == [1.0, 2.0, 8.0, 9.0]
    assert jobs[1]["name"] == "stale"
    assert jobs[3]["reason"] == "not finite"


@pytest.mark.slow
def test_a_report(vaex, grid, tmp_path):
    code, out, err = vaex(
        "sweep", "report", str(grid), "--out", str(tmp_path), "--sort"
    )
    assert (code, err) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == {
        "comparisons.csv",
        "figures",
        "report.html",
        "runs.csv",
        "table.csv",
        "table.md",
        "table.tex",
    }
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "heat-map.png",
        "lines.png",
        "curves.png",
    }
    lines = out.splitlines()
    assert lines[2].split()[:2] == ["0.003", "1"]  # the best one first
    assert any(
        line.startswith("best     learning_rate=0.003 beta=1: ") for line in lines
    )
    page = (tmp_path / "report.html").read_text()
    assert page.count('<svg role="img"') == 2
    assert "currentColor" in page


def test_a_report_of_other_metrics_and_keys(vaex, grid):
    words = ["--metric", "nll", "training.seconds", "--over", "beta", "--no-page"]
    code, out, _ = vaex("sweep", "report", str(grid), *words, "--baseline", "beta=4")
    assert code == 0
    assert "beta=0.5       beta=4" in out
    assert "note: NLL, training.seconds: means are over learning_rate, too" in out
    assert not (grid / "report").exists()


def test_options_have_dots(vaex, tmp_path):
    for head in ("gaussian", "student_t"):
        for seed in (0, 1):
            run = tmp_path / "runs" / f"{head}-{seed}"
            elbo = {"gaussian": -90.0, "student_t": -80.0}[head] + seed
            write_run(run, configuration(head=head, seed=seed), elbo=elbo)
    code, _, _ = vaex("sweep", "report", str(tmp_path))
    assert code == 0
    figures = tmp_path / "runs" / "report" / "figures"
    assert {path.name for path in figures.iterdir()} == {"dots.png", "curves.png"}
    code, out, _ = vaex("sweep", "status", str(tmp_path))  # the report is no run
    assert (code, "4 jobs: 4 finished" in out) == (0, True)


def test_nothing_is_finished(vaex, tmp_path):
    write_run(tmp_path / "a", configuration(), state="failed", reason="no disk")
    code, out, _ = vaex("sweep", "report", str(tmp_path))
    assert code == 1
    assert "no run is finished; see vaex sweep status" in out
    assert "no disk" in (tmp_path / "report" / "report.html").read_text()


@pytest.mark.parametrize("verb", ["status", "report"])
def test_a_folder_without_runs(vaex, tmp_path, verb):
    code, _, err = vaex("sweep", verb, str(tmp_path))
    assert code == 2
    assert err.startswith(f"vaex: {tmp_path} holds no sweep and no run")


def test_a_place_that_cannot_be_written(vaex, grid, tmp_path):
    (tmp_path / "file").write_text("mine")
    out = str(tmp_path / "file" / "report")
    code, _, err = vaex("sweep", "report", str(grid), "--out", out)
    assert code == 2
    assert "choose another place with --out FOLDER" in err


def test_help_names_the_verbs_and_their_arguments(vaex):
    assert "How far each job of a sweep is" in vaex("sweep", "--help").out
    assert "--baseline" in vaex("sweep", "report", "--help").out


@pytest.mark.slow
def test_neither_jax_nor_hydra_is_imported(grid, tmp_path):
    program = (
        "import sys; from vaex.cli.main import main\n"
        f"assert main(['sweep', 'status', {str(grid)!r}]) == 0\n"
        f"assert main(['sweep', 'report', {str(grid)!r}, '--no-page']) == 0\n"
        "heavy = {'jax', 'flax', 'distrax', 'hydra', 'omegaconf', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
