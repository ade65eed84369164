"""`vaex train tracking=...`: views of a run, and runs that do not depend on them."""

import json
import re
import shutil
import sys

import numpy as np
import pytest
from matplotlib.image import imsave

from tests.cli.commands import only_run

VIEW = """\
import json
from pathlib import Path

from vaex.tracking.base import View


class Mine(View):
    def __init__(self, file: str, fails: bool = False):
        self.file, self.fails = Path(file), fails

    def write(self, *what):
        if self.fails:
            raise RuntimeError("the server is gone")
        with self.file.open("a") as file:
            file.write(json.dumps(what) + "\\n")

    def start(self, config, folder, known):
        self.write("start", folder.name, config["seed"], known)
        return "the name"

    def row(self, row):
        self.write("row", row)

    def figure(self, name, path):
        self.write("figure", name, path.is_file())

    def results(self, results):
        self.write("results", results)

    def stop(self, state):
        self.write("stop", state)


class Needy(View):
    def needs(self):
        return ("not_there",)
"""


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A module of the user's own with views."""
    name = f"views_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(VIEW)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    sys.modules.pop(name, None)


@pytest.fixture
def own(lab, tmp_path):
    """Words of the line that choose the view, and the file that it writes."""
    target = f"tracking.custom._target_={lab}.Mine"
    file = tmp_path / "told.jsonl"
    return ("tracking=custom", target, f"+tracking.custom.file={file}"), file


def told(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def rows(run):
    return told(run / "metrics.jsonl")


@pytest.mark.slow  # of a run that trains; tests/cli/test_progress.py has the rows
def test_views_hear_what_the_run_writes(train, own, tmp_path):
    line, file = own
    root = tmp_path / "runs"
    code, _, err = train(root, "tracking=[tensorboard,custom]", *line[1:])
    assert (code, err) == (0, "")
    run = only_run(root)
    start, *said, results, stop = told(file)
    assert start == ["start", run.name, 0, None]
    assert said == [["row", row] for row in rows(run)]
    assert results == ["results", json.loads((run / "results.json").read_text())]
    assert stop == ["stop", "finished"]


@pytest.fixture
def copied(finished, tmp_path):
    """The finished run that others read, to be written to."""
    root = tmp_path / "copied"
    shutil.copytree(finished.root, root)
    return root


def test_a_run_is_the_same_with_and_without_views(train, own, copied):
    """One that finished without them is shown, once, and not trained again."""
    line, file = own
    run = only_run(copied)
    (run / "figures").mkdir(exist_ok=True)
    imsave(run / "figures" / "samples.png", np.zeros((4, 4)))
    before = (run / "metrics.jsonl").read_bytes()
    for _ in range(2):
        code, out, _ = train(copied, "tracking=[tensorboard,custom]", *line[1:])
        assert code == 0
        assert "finished before" in out
    assert only_run(copied) == run
    assert (run / "metrics.jsonl").read_bytes() == before
    assert told(file) == [
        ["start", run.name, 0, None],
        *(["row", row] for row in rows(run)),
        ["figure", "samples", True],
        ["results", json.loads((run / "results.json").read_text())],
        ["stop", "finished"],
    ]
    (events,) = (run / "tensorboard").iterdir()
    assert b"train/elbo" in events.read_bytes()


def test_a_view_that_fails_costs_one_line(train, own, copied):
    line, file = own
    code, out, err = train(copied, *line, "+tracking.custom.fails=true")
    assert (code, err) == (0, "")
    assert out.count("warning: tracking.custom failed") == 1
    assert "the server is gone" in out
    assert not file.exists()


REFUSED = [
    ("tracking.custom._target_={lab}.Needy", "tracking.custom needs not_there, not"),
    ("tracking.custom._target_=builtins.dict", "must give a View, got a dict"),
    ("tracking.custom._target_={lab}.Yours", "has no 'Yours'"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED)
def test_what_cannot_be_a_view_is_refused_first(refused, lab, tmp_path, words, message):
    words = words.format(lab=lab)
    assert message in refused(tmp_path / "runs", "tracking=custom", words)


def test_an_option_that_there_is_not(refused, tmp_path):
    line = refused(tmp_path / "runs", "tracking=[tensorbord]")
    assert "did you mean tensorboard?" in line
    assert "there are: custom, mlflow, none, tensorboard, wandb" in line


@pytest.mark.parametrize("option", ["none", "tensorboard", "wandb", "mlflow"])
def test_an_option_has_the_arguments_of_its_view(composed, option, tmp_path):
    from vaex.cli import _tracking
    from vaex.io.construction import construct

    nodes = composed(f"tracking={option}")["tracking"]
    assert list(nodes) == ([] if option == "none" else [option])
    for name, node in nodes.items():
        construct(node, f"tracking.{name}", {})
    with pytest.raises(Exception, match=re.escape("tracking.x must be a view with")):
        _tracking.open_views({"tracking": {"x": 3}}, tmp_path)


@pytest.mark.slow
def test_an_interrupted_run_goes_on_in_its_view(train, own, tmp_path, monkeypatch):
    from vaex.cli import _training

    line, file = own
    words = ("trainer.steps=24", "trainer.log_every=5", "checkpoint.every_steps=4")
    words += ("trainer.evaluate_every=1",)
    true = _training.iterate

    def cut(*arguments, **options):
        for chunk in true(*arguments, **options):
            if chunk.step > 12:
                raise MemoryError("as good as SIGKILL")
            yield chunk

    with monkeypatch.context() as patch:
        patch.setattr(_training, "iterate", cut)
        assert train(tmp_path / "runs", *words, *line).code == 1
    assert train(tmp_path / "runs", *words, *line).code == 0
    run = only_run(tmp_path / "runs")
    said = told(file)
    assert [what[-1] for what in said if what[0] == "start"] == [None, "the name"]
    assert {row["split"] for row in rows(run)} == {"train", "test"}
    assert [what[1] for what in said if what[0] == "row"] == rows(run)
    assert [what[1] for what in said if what[0] == "stop"] == ["failed", "finished"]
