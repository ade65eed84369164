"""What W&B is told: a stand-in for its module has the calls and their arguments."""

import sys
import types

import pytest

from vaex.tracking.wandb import WandB


class Run:
    """A W&B run's calls."""

    def __init__(self):
        self.metrics, self.history, self.summary, self.code = [], [], {}, None

    def define_metric(self, name, step_metric=None):
        self.metrics.append((name, step_metric))

    def log(self, data, step=None):
        assert step is None, "a resumed run may not go back"
        self.history.append(data)

    def finish(self, exit_code=None):
        self.code = exit_code


@pytest.fixture
def wandb(monkeypatch):
    module = types.ModuleType("wandb")
    module.options, module.run = {}, Run()

    def init(*, project, entity, mode, id, name, resume, dir, config, tags, settings):
        module.options = dict(locals())
        return module.run

    module.init = init
    module.Settings = lambda **options: options
    module.Image = lambda path: ("image", path)
    monkeypatch.setitem(sys.modules, "wandb", module)
    return module


def test_a_run(wandb, tmp_path):
    folder = tmp_path / "digits-abc"
    view = WandB(project="thesis", tags=("a",))
    name = view.start({"seed": 1}, folder, None)
    row = {"step": 10, "epoch": 0.5, "split": "train", "loss": 3.0, "rate": None}
    view.row(row)
    view.figure("samples", folder / "samples.png")
    view.results({"split": "test", "elbo": {"value": -2.0, "se": 0.5}, "rate": 3})
    view.stop("finished")

    options, run = wandb.options, wandb.run
    assert options["name"] == "digits-abc"
    assert options["id"] == name
    assert name.startswith("digits-abc-")
    assert options["resume"] == "allow"
    assert options["config"] == {"seed": 1}
    assert (options["project"], options["tags"]) == ("thesis", ["a"])
    assert (options["mode"], options["entity"]) == (None, None)
    assert options["dir"] == str(folder)
    assert options["settings"]["console"] == "off"
    assert run.metrics == [("*", "step")]
    assert run.history == [
        {"step": 10, "epoch": 0.5, "train/loss": 3.0},
        {"step": 10, "figures/samples": ("image", str(folder / "samples.png"))},
    ]
    assert run.summary == {"results/test/elbo": -2.0, "results/test/elbo_se": 0.5}
    assert run.code == 0


def test_a_later_attempt_goes_on_with_the_same_run(wandb, tmp_path):
    assert WandB().start({}, tmp_path, "known-1") == "known-1"
    assert wandb.options["id"] == "known-1"


def test_two_runs_of_one_name_are_two(wandb, tmp_path):
    names = {WandB().start({}, tmp_path, None) for _ in range(2)}
    assert len(names) == 2


@pytest.mark.parametrize("state", ["failed", "diverged", "interrupted"])
def test_a_run_that_did_not_finish(wandb, tmp_path, state):
    view = WandB()
    view.start({}, tmp_path, None)
    view.stop(state)
    assert wandb.run.code == 1
