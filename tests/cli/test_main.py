"""The console command itself, in this process and as it is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

VAEX = Path(sys.executable).with_name("vaex")


def installed(*words: str, **options) -> subprocess.CompletedProcess[str]:
    command = [str(VAEX)] if VAEX.exists() else [sys.executable, "-m", "vaex.cli.main"]
    return subprocess.run(
        [*command, *words], capture_output=True, text=True, timeout=300, **options
    )


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)])
def test_help_lists_the_verbs(vaex, words):
    code, out, err = vaex(*words)
    assert (code, err) == (0, "")
    for verb in ("train", "evaluate", "sample", "data", "doctor"):
        assert f"\n  {verb} " in out
    assert "VAEX_TRACEBACK=1" in out


def test_version(vaex):
    import vaex as library

    assert vaex("--version") == (0, f"{library.__version__}\n", "")


@pytest.mark.parametrize(
    ("verb", "near"), [("trian", "; did you mean train?"), ("zzz", "")]
)
def test_an_unknown_verb(vaex, verb, near):
    code, out, err = vaex(verb)
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == f"vaex: there is no verb {verb!r}{near}"
    assert "usage: vaex VERB" in err


@pytest.mark.parametrize("verb", ["evaluate", "sample", "data", "doctor"])
def test_help_of_a_verb(vaex, verb):
    code, out, err = vaex(verb, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: vaex {verb}")


def test_a_failure_that_is_not_the_users(vaex, monkeypatch):
    def fail():
        raise RuntimeError("no idea")

    monkeypatch.setattr("vaex.data.catalogue.sources", fail)
    code, _, err = vaex("data", "list")
    assert code == 1
    assert err.startswith("vaex: RuntimeError: no idea\n  at ")
    assert "test_main.py" in err
    assert "VAEX_TRACEBACK=1" in err
    assert "Traceback" not in err
    monkeypatch.setenv("VAEX_TRACEBACK", "1")
    assert "Traceback (most recent call last)" in vaex("data", "list").err


def test_a_disk_that_is_full_or_not_ours(vaex, monkeypatch):
    def fail():
        raise OSError(28, "No space left on device", "/data/list.json")

    monkeypatch.setattr("vaex.data.catalogue.sources", fail)
    code, _, err = vaex("data", "list")
    assert code == 1
    assert err == (
        "vaex: cannot read or write /data/list.json: No space left on device; the "
        "same line again when that is mended\n"
    )


def test_traceback_of_bad_input_on_request(vaex, tmp_path, monkeypatch):
    assert "Traceback" not in vaex("evaluate", str(tmp_path)).err
    monkeypatch.setenv("VAEX_TRACEBACK", "0")
    assert "Traceback" not in vaex("evaluate", str(tmp_path)).err
    monkeypatch.setenv("VAEX_TRACEBACK", "1")
    err = vaex("evaluate", str(tmp_path)).err
    assert "Traceback (most recent call last)" in err
    assert err.splitlines()[-1].startswith("vaex: ")


def test_installed_help_imports_little():
    code = (
        "import sys; from vaex.cli.main import main; main(['--help']); "
        "heavy = {'jax', 'flax', 'distrax', 'hydra', 'matplotlib', 'sklearn', "
        "'orbax', 'numpy', 'rich'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"
    done = installed("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: vaex VERB" in done.stdout


def test_installed_bad_input(tmp_path):
    done = installed("train", "trainer.epoch=3", cwd=tmp_path)
    message = "there is no key 'trainer.epoch'; did you mean trainer.epochs?"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"vaex: {message}\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_installed_training_is_quiet_and_plain(tmp_path, table_file):
    """A user's terminal: results, no warning, no chatter of libraries, no escapes."""
    words = [
        "data=array",
        f"data.path={table_file}",
        "trainer.steps=4",
        "encoder.hidden=[8]",
        "decoder.hidden=[8]",
        "latent_dim=3",
        "evaluation.num_samples=4",
        "evaluation.samples_per_chunk=4",
        "run.figures=false",
    ]
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONWARNINGS"}
    done = installed("train", *words, cwd=tmp_path, env=clean)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == "data         table (5,): 54 train, 6 test"
    assert any(line.startswith("run      runs/array-gaussian-") for line in lines)
    for chatter in ("hydra", "absl", "orbax", "WARNING", "INFO", "[20"):
        assert chatter not in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


@pytest.mark.parametrize("words", [["--help"], ["train", "--info"]])
def test_a_reader_that_leaves_early(words):
    """`vaex --help | head -0`: no traceback, no noise."""
    read, write = os.pipe()
    os.close(read)
    try:
        command = [sys.executable, "-m", "vaex.cli.main", *words]
        done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(write)
    assert done.stderr == ""
    assert done.returncode in (0, 1)  # 0 where Hydra's log took the failure
