"""A search that was stopped, however, ends as one that was left alone."""

import itertools
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.cli.searching import (
    Launcher,
    WatchedLauncher,
    bowl,
    fast_disk,  # noqa: F401
    run_search,
)
from vaex.errors import InputError, RunError
from vaex.io.lock import locked

pytestmark = pytest.mark.usefixtures("fast_disk")
SPACE = ("a=interval(-5, 5)", "b=interval(-5, 5)", "likelihood=beta,gaussian")
EARLY = {"n_startup_trials": 4}
OPTIONS = {"n_trials": 14, "batch": 4, "sampler_options": EARLY}
KEYS = ("trial", "state", "a", "b", "likelihood", "held_out.elbo", "reason")


def fails_at_times(params):
    return ("failed", "bad luck") if float(params["a"]) < -3 else bowl(params)


@pytest.mark.parametrize("stop_at", [0, 3, 4, 6, 13])
def test_stopped_at_a_job_and_continued(tmp_path, stop_at):
    whole = run_search(tmp_path / "w", *SPACE, objective=fails_at_times, **OPTIONS)
    stopped = Launcher(tmp_path / "s", fails_at_times, stop_at)
    with pytest.raises(KeyboardInterrupt):
        run_search(tmp_path / "s", *SPACE, launcher=stopped, **OPTIONS)
    rest = Launcher(tmp_path / "s", fails_at_times)
    found = run_search(tmp_path / "s", *SPACE, launcher=rest, **OPTIONS)
    assert found.params(*KEYS) == whole.params(*KEYS)
    # The jobs of the batch that was not told run again, and the others do not.
    begun = 4 * (stop_at // 4)
    assert [*stopped.launched[:begun], *rest.launched] == whole.launcher.launched
    assert rest.first[0] == begun


@pytest.mark.parametrize(
    "sampler",
    [
        "tpe",
        pytest.param("random", marks=pytest.mark.slow),
        pytest.param("grid", marks=pytest.mark.slow),
    ],
)
def test_any_part_of_the_journal_is_continued_to_the_same_end(tmp_path, sampler):
    words = ("a=range(-4, 5)", "b=range(-4, 5)")
    options = OPTIONS | {"sampler": sampler, "n_trials": 10}
    if sampler != "tpe":
        options["sampler_options"] = {}
    whole = run_search(tmp_path / "w", *words, objective=fails_at_times, **options)
    keys = ("trial", "state", "a", "b", "held_out.elbo", "reason")
    lines = (whole.folder / "journal.log").read_bytes().splitlines(keepends=True)
    ends = [0, *itertools.accumulate(map(len, lines))]
    places = [*ends[::3], *(end + 17 for end in ends[1:-1:7]), *ends[1:3]]
    for place in places:
        root = tmp_path / f"cut-{place}"
        folder = root / "sweeps" / whole.folder.name
        folder.mkdir(parents=True)
        (folder / "journal.log").write_bytes(b"".join(lines)[:place])
        found = run_search(root, *words, objective=fails_at_times, **options)
        assert found.params(*keys) == whole.params(*keys), place


def test_more_trials_go_on_from_those_there(tmp_path):
    whole = run_search(tmp_path / "w", *SPACE, **OPTIONS | {"n_trials": 12})
    for n_trials in (4, 4, 8, 12):
        parts = run_search(tmp_path / "p", *SPACE, **OPTIONS | {"n_trials": n_trials})
        assert len(parts.trials) == n_trials
    assert parts.params(*KEYS) == whole.params(*KEYS)
    assert "it goes on: 8 trials are done\n" in parts.out


def test_the_order_of_words_and_where_runs_go_change_no_study(tmp_path):
    one = run_search(tmp_path, *SPACE, n_trials=2)
    more = ("checkpoint.keep=3", "trainer.devices=2")
    two = run_search(tmp_path, *more, *reversed(SPACE), n_trials=2)
    assert two.folder == one.folder
    assert two.launcher.launched == []


def test_seeds_and_samplers_are_studies_of_their_own(tmp_path):
    base = run_search(tmp_path / "0", *SPACE, n_trials=3)
    for number, more in enumerate(({"seed": 1}, {"sampler": "random"}), 1):
        other = run_search(tmp_path / str(number), *SPACE, n_trials=3, **more)
        assert other.folder.name != base.folder.name
    same = run_search(tmp_path / "3", *SPACE, n_trials=3)
    assert same.params(*KEYS) == base.params(*KEYS)


def test_another_space_in_a_named_study_is_refused(tmp_path):
    named = {"study_name": "mine", "n_trials": 2}
    run_search(tmp_path, *SPACE, "trainer.steps=5", **named)
    with pytest.raises(InputError) as caught:
        run_search(tmp_path, "a=interval(-5, 6)", *SPACE[1:], "seed=1", **named)
    message = str(caught.value)
    assert "searched.a was 'interval(-5.0, 5.0)', is 'interval(-5.0, 6.0)'" in message
    assert "fixed.trainer.steps was 'trainer.steps=5', is gone" in message
    assert "fixed.seed was not there, is 'seed=1'" in message
    with pytest.raises(InputError, match="direction was"):
        run_search(tmp_path, *SPACE, "trainer.steps=5", direction="minimize", **named)


def test_a_damaged_journal_and_a_second_process_are_refused(tmp_path):
    found = run_search(tmp_path, *SPACE, n_trials=2)
    with locked(found.folder), pytest.raises(InputError, match="is in use by"):
        run_search(tmp_path, *SPACE, n_trials=3)
    journal = found.folder / "journal.log"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([lines[0], lines[1][:-9] + "\n", *lines[2:]]))
    with pytest.raises(InputError, match=r"journal\.log is damaged"):
        run_search(tmp_path, *SPACE, n_trials=3)


def test_a_run_of_another_process_is_waited_for(tmp_path):
    def busy(params):
        return ("running", "") if float(params["a"]) > 0 else bowl(params)

    with pytest.raises(RunError, match="runs are not over; the same line again"):
        run_search(tmp_path, *SPACE, objective=busy, **OPTIONS)
    found = run_search(tmp_path, *SPACE, objective=bowl, **OPTIONS)
    whole = run_search(tmp_path / "w", *SPACE, objective=bowl, **OPTIONS)
    assert found.params(*KEYS) == whole.params(*KEYS)


def test_pruning_is_decided_once(tmp_path):
    options = {"n_trials": 24, "batch": 8, "pruner": "successive_halving"}
    whole = WatchedLauncher(tmp_path / "w", bowl)
    first = run_search(tmp_path / "w", *SPACE, launcher=whole, **options)
    stopped = WatchedLauncher(tmp_path / "s", bowl, stop_at=13)
    with pytest.raises(KeyboardInterrupt):
        run_search(tmp_path / "s", *SPACE, launcher=stopped, **options)
    rest = WatchedLauncher(tmp_path / "s", bowl)  # sees looks again that are noted
    found = run_search(tmp_path / "s", *SPACE, launcher=rest, **options)
    assert 0 < sum(row["state"] == "pruned" for row in found.trials) < 24
    assert found.params(*KEYS) == first.params(*KEYS)


@pytest.mark.slow
@pytest.mark.parametrize("at", [2, 9, 17])
def test_a_process_that_is_killed(tmp_path, at):
    """SIGKILL in the middle of a batch, with nothing to clean up after it."""
    root = Path(__file__).parents[2]
    script = f"""
        import os, sys
        from pathlib import Path
        from tests.cli.searching import bowl, run_search
        begun = 0
        def objective(params):
            global begun
            begun += 1
            if begun > {at}:
                os.kill(os.getpid(), {int(signal.SIGKILL)})
            return bowl(params)
        run_search(Path(sys.argv[1]), *{SPACE!r}, objective=objective,
                   n_trials=20, batch=4, sampler_options={EARLY!r})
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "k")]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, env=environment, cwd=root, timeout=300)
    assert done.returncode == -signal.SIGKILL
    options = OPTIONS | {"n_trials": 20}
    found = run_search(tmp_path / "k", *SPACE, **options)
    whole = run_search(tmp_path / "w", *SPACE, **options)
    assert found.params(*KEYS) == whole.params(*KEYS)
    assert len(found.launcher.launched) == 20 - 4 * (at // 4)
