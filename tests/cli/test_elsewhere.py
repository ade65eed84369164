"""Sweeps whose groups are trained by other processes: what is decided before."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from vaex.cli._element import Element
from vaex.cli._elsewhere import (
    Elsewhere,
    Options,
    _Told,
    enter_outcome,
    reasons_file,
)
from vaex.cli._jobs import Job
from vaex.cli._processes import FRACTION, Place, places, run_processes
from vaex.cli._signals import Interrupted
from vaex.cli._submitting import run_submitted
from vaex.errors import InputError
from vaex.io.lock import locked
from vaex.io.sweep_record import SweepRecord


def elsewhere(folder: Path, **options) -> Elsewhere:
    return Elsewhere(Options(**options), SweepRecord(folder))


def test_one_process_has_each_gpu_with_most_of_its_memory():
    found = places(None, [0, 1, 2, 3], ["0", "GPU-7f"])
    assert found == [Place((0, 2), "0", FRACTION), Place((1, 3), "GPU-7f", FRACTION)]
    before = {"PATH": "/bin", "XLA_PYTHON_CLIENT_MEM_FRACTION": ".3"}
    assert found[1].environment(before) == {
        "PATH": "/bin",
        "CUDA_VISIBLE_DEVICES": "GPU-7f",
        "XLA_CLIENT_MEM_FRACTION": "0.9",
    }


def test_processes_of_one_gpu_divide_its_memory():
    found = places(3, [0], ["4", "5"])
    assert [(p.gpu, p.fraction) for p in found] == [
        ("4", 0.45),
        ("5", 0.9),
        ("4", 0.45),
    ]
    assert [p.cores for p in found] == [(0,), (0,), (0,)]


def test_processes_without_gpus_divide_the_cores_and_nothing_else():
    found = places(2, [1, 2, 5, 7], [])
    assert [place.cores for place in found] == [(1, 5), (2, 7)]
    assert found[0].environment({"A": "b"}) == {"A": "b"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"where": "moon"}, "hydra.launcher.where is one of here, processes, slurm"),
        ({"max_jobs": 0}, "hydra.launcher.max_jobs must be a number above 0"),
        ({"processes": -1}, "hydra.launcher.processes must be a number above 0"),
    ],
)
def test_options_that_cannot_work(options, words):
    with pytest.raises(InputError, match=words):
        Options(**options)


def test_a_group_is_divided_only_where_that_is_asked_for(tmp_path, monkeypatch):
    jobs = [Job(number, ()) for number in range(7)]
    groups = [jobs[:5], jobs[5:]]

    def divided(**options):
        found = elsewhere(tmp_path, **options)._divided(groups)
        return [[job.number for job in part] for part in found]

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    assert divided(where="slurm") == [[0, 1, 2, 3, 4], [5, 6]]
    assert divided(where="slurm", max_jobs=2) == [[0, 1], [2, 3], [4], [5, 6]]
    assert divided(where="processes") == [[0, 1, 2, 3], [4], [5, 6]]
    assert divided(where="processes", processes=1) == [[0, 1, 2, 3, 4], [5, 6]]


def test_a_search_cannot_watch_other_processes(tmp_path):
    with pytest.raises(InputError, match="add hydra.sweeper.pruner=none"):
        elsewhere(tmp_path, where="slurm").run({}, lambda job, step, score: False)


def test_submitit_that_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(InputError, match=r"pip install 'vaex-jax\[sweeps\]'"):
        run_submitted("slurm", [], tmp_path, {}, lambda *_: None)


def test_slurm_is_told_how_long_a_job_takes(tmp_path):
    pytest.importorskip("submitit")
    with pytest.raises(InputError, match="hydra.launcher.timeout_min must be given"):
        run_submitted("slurm", [], tmp_path, {}, lambda *_: None)


def test_parameters_that_submitit_does_not_have(tmp_path):
    pytest.importorskip("submitit")
    with pytest.raises(InputError, match="memory"):
        run_submitted("local", [], tmp_path, {"memory": 3}, lambda *_: None)


def made_up(folder: Path, state: str, **facts) -> Job:
    job = Job(0, (), run=folder / f"run-{state}")
    job.run.mkdir(parents=True)
    job.directory.set_status(state, **facts)
    return job


def test_outcomes_are_read_from_the_run_directories(tmp_path):
    finished = made_up(tmp_path, "finished")
    finished.directory.write_results({"elbo": {"value": -3.5}})
    enter_outcome(finished, {}, "gone")
    assert (finished.state, finished.value) == ("finished", -3.5)
    diverged = made_up(tmp_path, "diverged", reason="NaN at step 3")
    enter_outcome(diverged, {}, "gone")
    assert (diverged.state, diverged.reason) == ("diverged", "NaN at step 3")
    full = made_up(tmp_path, "interrupted", reason="no space left")
    enter_outcome(full, {}, "gone")
    assert (full.state, full.reason) == ("left", "no space left")
    running = made_up(tmp_path, "running")
    enter_outcome(running, {}, "gone")
    assert (running.state, running.reason) == ("left", "gone")
    with locked(running.run):
        enter_outcome(running, {}, "gone")
    assert running.state == "elsewhere"
    assert str(running.run) in running.reason


def test_why_a_job_was_refused_is_told_by_its_process(tmp_path):
    job = made_up(tmp_path, "interrupted")
    told = _Told([[job]], tmp_path)
    reasons_file(tmp_path, 0).write_text('{"0": "begun with other code"}')
    told(0, "its process ended with exit status 0", tmp_path / "0.log")
    assert (job.state, job.reason) == ("failed", "begun with other code")


def test_a_failure_of_before_is_no_outcome_of_a_process_that_never_began(tmp_path):
    job = made_up(tmp_path, "failed", reason="long ago")
    enter_outcome(job, job.directory.status(), "its process was ended by SIGKILL")
    assert (job.state, job.reason) == ("left", "its process was ended by SIGKILL")


@pytest.mark.slow
def test_a_process_that_dies_is_noticed_and_others_go_on(tmp_path):
    ended = {}
    # Anything that can be pickled and called stands for an element.
    elements = [os.abort, partial(os._exit, 3), partial(print, "well"), os.getpid]
    run_processes(
        elements,
        tmp_path,
        places(2, [*os.sched_getaffinity(0)], []),
        lambda number, how, log: ended.update({number: how}),
    )
    assert ended.pop(0) == "its process was ended by SIGABRT"
    assert set(ended) == {1, 2, 3}
    assert ended[1] == "its process ended with exit status 3"
    assert ended[2] == "its process ended with exit status 0"
    assert (tmp_path / "2.log").read_text() == "well\n"


@pytest.mark.slow
def test_processes_are_ended_with_the_one_that_started_them(tmp_path):
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals reach the main thread only")
    ended = {}

    def stop():
        while not (tmp_path / "0.log").exists():
            time.sleep(0.01)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(Interrupted) as caught:
        run_processes(
            [partial(time.sleep, 600)] * 2,
            tmp_path,
            [Place()],
            lambda number, how, log: ended.update({number: how}),
        )
    thread.join()
    assert caught.value.code == 128 + signal.SIGTERM
    assert ended == {0: "its process was ended by SIGTERM"}  # the second never began


@pytest.mark.slow
def test_a_process_ends_with_one_that_had_no_time_to_end_it(tmp_path):
    file = tmp_path / "element.pickle"
    file.write_bytes(pickle.dumps(partial(time.sleep, 600)))
    process = subprocess.Popen(
        [sys.executable, "-m", "vaex.cli._element", str(file)], stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.close()  # as the system does where whoever holds it is killed
    assert process.wait(60) == -signal.SIGTERM


def test_an_element_that_is_put_in_the_queue_again_is_itself(tmp_path):
    helpers = pytest.importorskip("submitit.helpers")
    element = Element((), str(tmp_path), tmp_path / "reasons.json")
    again = element.checkpoint()
    assert isinstance(again, helpers.DelayedSubmission)
    assert again.function == element


class Submitted:
    """A job of submitit's that is over when its process is."""

    state = "CANCELLED"

    def __init__(self, process: subprocess.Popen, log: Path):
        self._process, self.job_id = process, str(process.pid)
        self.paths = SimpleNamespace(stdout=log)

    def done(self) -> bool:
        return self._process.poll() is not None


@pytest.mark.parametrize("cluster", ["slurm", "local"])
def test_told_to_stop_jobs_of_slurm_go_on_and_local_ones_end(
    tmp_path, monkeypatch, cluster
):
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals reach the main thread only")
    process = subprocess.Popen(["sleep", "600"])
    chosen, ended = {}, []

    class Executor:
        def __init__(self, folder, cluster):
            chosen["cluster"] = cluster

        def update_parameters(self, **parameters):
            chosen.update(parameters)

        def submit_array(self, elements):
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
            return [Submitted(process, tmp_path / "log")]

    library = SimpleNamespace(AutoExecutor=Executor)
    monkeypatch.setitem(sys.modules, "submitit", library)
    try:
        with pytest.raises(Interrupted) as caught:
            run_submitted(
                cluster,
                [Element((), str(tmp_path), tmp_path / "reasons.json")],
                tmp_path,
                {"timeout_min": 3},
                lambda *told: ended.append(told),
            )
        assert chosen["cluster"] == cluster
        assert chosen["timeout_min"] == 3
        assert caught.value.code == 128 + signal.SIGINT
        goes_on = f"Slurm's job {process.pid} goes on: vaex sweep status"
        assert (goes_on in str(caught.value)) == (cluster == "slurm")
        if cluster == "slurm":
            assert process.poll() is None
            assert ended == []
        else:
            assert process.returncode == -signal.SIGTERM
            how = f"job {process.pid} ended as CANCELLED"
            assert ended == [(0, how, tmp_path / "log")]
    finally:
        process.kill()
        process.wait()
