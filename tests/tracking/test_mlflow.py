"""What MLflow is told: a stand-in for its client has the calls and their arguments."""

import sys
import types
from typing import NamedTuple

import pytest

from vaex.tracking.mlflow import AT_ONCE, LONGEST, MLflow


class Param(NamedTuple):
    key: str
    value: str


class Metric(NamedTuple):
    key: str
    value: float
    timestamp: int
    step: int


class Client:
    """A tracking store of one experiment and one run."""

    def __init__(self, module, uri):
        self.module, self.uri = module, uri
        module.clients.append(self)

    def get_experiment_by_name(self, name):
        return self.module.experiments.get(name)

    def create_experiment(self, name, artifact_location=None):
        found = types.SimpleNamespace(experiment_id="7", artifacts=artifact_location)
        self.module.experiments[name] = found
        return "7"

    def create_run(self, experiment_id, run_name=None):
        self.module.runs["r1"] = (experiment_id, run_name)
        return types.SimpleNamespace(info=types.SimpleNamespace(run_id="r1"))

    def update_run(self, run_id, status=None):
        self.module.calls.append(("update", run_id, status))

    def log_batch(self, run_id, metrics=(), params=()):
        assert run_id in self.module.runs
        assert len(params) <= 100  # what a server takes at once
        assert len(metrics) <= 1000
        self.module.metrics += metrics
        self.module.params += params

    def log_dict(self, run_id, dictionary, artifact_file):
        self.module.calls.append(("dict", dictionary, artifact_file))

    def log_artifact(self, run_id, local_path, artifact_path=None):
        self.module.calls.append(("artifact", local_path, artifact_path))

    def set_terminated(self, run_id, status=None):
        self.module.calls.append(("end", run_id, status))


@pytest.fixture
def mlflow(monkeypatch):
    module = types.ModuleType("mlflow")
    module.clients, module.calls, module.metrics, module.params = [], [], [], []
    module.experiments, module.runs = {}, {}
    module.MlflowClient = lambda tracking_uri: Client(module, tracking_uri)
    module.entities = types.SimpleNamespace(Param=Param, Metric=Metric)
    monkeypatch.setitem(sys.modules, "mlflow", module)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return module


def test_a_run(mlflow, tmp_path):
    folder = tmp_path / "runs" / "digits-abc"
    folder.mkdir(parents=True)
    view = MLflow()
    assert set(view.needs()) == {"mlflow", "sqlalchemy", "alembic"}
    config = {"seed": 1, "encoder": {"hidden": [8]}, "text": "x" * (LONGEST + 1)}
    assert view.start(config, folder, None) == "r1"
    view.row({"step": 10, "epoch": 0.5, "split": "train", "loss": 3.0, "kl": None})
    view.flush()
    view.figure("samples", folder / "samples.png")
    view.results({"split": "test", "elbo": {"value": -2.0, "se": 0.5}})
    view.stop("finished")

    own = folder.parent / "mlflow"
    assert own.is_dir()
    assert mlflow.clients[0].uri == f"sqlite:///{own}/mlflow.db"
    assert mlflow.experiments["vaex"].artifacts == (own / "artifacts").as_uri()
    assert mlflow.runs == {"r1": ("7", "digits-abc")}
    long = Param("text", "x" * LONGEST)
    assert mlflow.params == [Param("seed", "1"), Param("encoder.hidden", "[8]"), long]
    assert [(m.key, m.value, m.step) for m in mlflow.metrics] == [
        ("train/loss", 3.0, 10),
        ("results/test/elbo", -2.0, 10),
        ("results/test/elbo_se", 0.5, 10),
    ]
    assert mlflow.calls == [
        ("dict", config, "config.json"),
        ("artifact", str(folder / "samples.png"), "figures"),
        ("end", "r1", "FINISHED"),
    ]


def test_a_server_that_is_gone_is_not_asked_for_minutes(mlflow, tmp_path, monkeypatch):
    chosen = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "77"}
    monkeypatch.setattr("vaex.tracking.mlflow.os.environ", chosen)
    MLflow(uri="http://localhost:1").start({"seed": 1}, tmp_path, None)
    assert chosen == {
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "77",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    }


def test_a_later_attempt_goes_on_with_the_same_run(mlflow, tmp_path):
    mlflow.runs["r1"] = ("7", "digits-abc")
    view = MLflow()
    assert view.start({"seed": 1}, tmp_path, "r1") == "r1"
    view.row({"step": 20, "epoch": 1.0, "split": "train", "loss": 3.0})
    view.flush()
    view.flush()
    view.stop("interrupted")
    assert mlflow.params == []  # they cannot be given twice
    assert [m.step for m in mlflow.metrics] == [20]
    assert mlflow.calls == [("update", "r1", "RUNNING"), ("end", "r1", "KILLED")]


def test_a_server_keeps_its_own_artifacts(mlflow, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://lab:5000")
    view = MLflow(experiment="thesis")
    assert view.needs() == ("mlflow",)
    view.start({}, tmp_path / "digits-abc", None)
    assert mlflow.clients[0].uri == "http://lab:5000"
    assert mlflow.experiments["thesis"].artifacts is None
    assert list(tmp_path.iterdir()) == []


def test_much_goes_in_several_calls(mlflow, tmp_path):
    num = {kind: 2 * most + 1 for kind, most in AT_ONCE.items()}
    view = MLflow(uri="http://lab:5000")
    view.start({f"p{n}": n for n in range(num["params"])}, tmp_path, None)
    for n in range(num["metrics"]):
        view.row({"step": n, "epoch": 0.0, "split": "train", "loss": 1.0})
    assert mlflow.metrics == []
    view.flush()
    assert len(mlflow.params) == num["params"]
    assert [m.step for m in mlflow.metrics] == list(range(num["metrics"]))
