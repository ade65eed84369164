"""MLflow: one MLflow run per run directory."""

import importlib
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vaex.tracking.base import View, values_of, values_of_results

LONGEST = 6000
"""Characters that MLflow takes as the value of a parameter."""

AT_ONCE = {"params": 100, "metrics": 1000}
"""How many it takes in one call."""

PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
"""What MLflow's variables are where the user has not set them.

By itself MLflow asks a server that is gone for four minutes, and the run waits.
"""


class MLflow(View):
    """Metrics, figures and parameters as an MLflow run.

    Metrics are `SPLIT/NAME` over the step, final results `results/SPLIT/NAME`; the
    configuration is there as parameters (`objective.beta`) and as config.json among
    the artifacts. Later attempts go on with the same MLflow run.

    Args:
      experiment: of MLflow; made where there is none.
      uri: of the tracking server or database; None follows the variable
        MLFLOW_TRACKING_URI and, where there is none, is the database mlflow/mlflow.db
        beside the run directories: look at it with
        `mlflow ui --backend-store-uri sqlite:///runs/mlflow/mlflow.db`.
    """

    def __init__(self, experiment: str = "vaex", uri: str | None = None):
        self._experiment = experiment
        self._uri = uri or os.environ.get("MLFLOW_TRACKING_URI")
        self._library: Any = None
        self._client: Any = None
        self._run = ""
        self._pending: list[Any] = []
        self._step = 0

    def needs(self) -> tuple[str, ...]:
        """Modules that must be there; those of the database where it is one."""
        is_database = self._uri is None or self._uri.startswith("sqlite:")
        return ("mlflow", "sqlalchemy", "alembic") if is_database else ("mlflow",)

    def start(self, config: Mapping[str, Any], folder: Path, known: str | None) -> str:
        """Makes an MLflow run or goes on with the one that is known."""
        for name, value in PATIENCE.items():
            os.environ.setdefault(name, value)
        self._library = importlib.import_module("mlflow")
        logging.getLogger("mlflow").setLevel(logging.WARNING)  # tables it made
        own = folder.resolve().parent / "mlflow"
        if self._uri is None:
            own.mkdir(exist_ok=True)
        uri = self._uri or f"sqlite:///{own / 'mlflow.db'}"
        self._client = self._library.MlflowClient(tracking_uri=uri)
        if known is not None:
            self._client.update_run(known, status="RUNNING")
            self._run = known
            return known
        artifacts = None if self._uri else (own / "artifacts").as_uri()
        run = self._client.create_run(
            self._experiment_id(artifacts), run_name=folder.name
        )
        self._run = run.info.run_id
        entity = self._library.entities.Param
        params = [entity(k, str(v)[:LONGEST]) for k, v in _leaves(config)]
        self._send("params", params)
        self._client.log_dict(self._run, dict(config), "config.json")
        return self._run

    def _experiment_id(self, artifacts: str | None) -> str:
        found = self._client.get_experiment_by_name(self._experiment)
        if found is not None:
            return found.experiment_id
        return self._client.create_experiment(
            self._experiment, artifact_location=artifacts
        )

    def row(self, row: Mapping[str, Any]) -> None:
        """One metric per value."""
        self._step = row["step"]
        self._pending += self._metrics(values_of(row))

    def flush(self) -> None:
        """A chunk's rows in one call: one by one they take milliseconds each."""
        pending, self._pending = self._pending, []
        self._send("metrics", pending)

    def figure(self, name: str, path: Path) -> None:
        """The file, among the artifacts."""
        self._client.log_artifact(self._run, str(path), "figures")

    def results(self, results: Mapping[str, Any]) -> None:
        """Final values, at the last step."""
        self._send("metrics", self._metrics(values_of_results(results)))

    def stop(self, state: str) -> None:
        """Says how the run ended."""
        ends = {"finished": "FINISHED", "interrupted": "KILLED"}
        self._client.set_terminated(self._run, ends.get(state, "FAILED"))

    def _metrics(self, values: Mapping[str, float]) -> list[Any]:
        entity, now = self._library.entities.Metric, int(1000 * time.time())
        return [entity(_name(k), v, now, self._step) for k, v in values.items()]

    def _send(self, kind: str, entities: list[Any]) -> None:
        for first in range(0, len(entities), AT_ONCE[kind]):
            some = entities[first : first + AT_ONCE[kind]]
            self._client.log_batch(self._run, **{kind: some})


def _name(text: str) -> str:
    """With the characters that MLflow takes in a name.

    >>> _name("test/KL(q || p)")
    'test/KL_q __ p_'
    """
    return re.sub(r"[^\w\-. /]", "_", text, flags=re.ASCII)


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and values of a configuration.

    >>> list(_leaves({"seed": 0, "encoder": {"hidden": [8]}, "data": {}}))
    [('seed', 0), ('encoder.hidden', [8])]
    """
    if not isinstance(node, Mapping):
        yield _name(path), node
        return
    for key, value in node.items():
        yield from _leaves(value, f"{path}.{key}" if path else str(key))
