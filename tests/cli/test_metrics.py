"""`vaex evaluate --metrics`: what is offered, refused, measured and written."""

import json
import shutil
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.evaluation.compiled import sampled
from vaex.cli._metric_table import sentences
from vaex.cli._metrics import METRICS, chosen_metrics, with_known_gap
from vaex.cli._no_progress import no_progress
from vaex.errors import InputError
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.metrics import feature_classifier
from vaex.posteriors.deterministic import Deterministic

# The run that is only read is trained once for all files.
pytestmark = pytest.mark.xdist_group("finished run")

SMALL = (
    "--num-examples", "3", "--num-temperatures", "4", "--num-chains", "2",
    "--num-samples", "32",
)  # fmt: skip


def test_the_list_says_what_each_costs(vaex):
    code, out, err = vaex("evaluate", "--metrics", "list")
    assert (code, err) == (0, "")
    for name in METRICS:
        assert f" {name} " in out


def test_names_come_in_the_order_of_the_table():
    assert chosen_metrics(["ais,k_hat", "ais"]) == ["k_hat", "ais"]
    with pytest.raises(InputError, match="no 'k-hat'; did you mean k_hat"):
        chosen_metrics(["k-hat"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--metrics", "asi"), "did you mean ais?"),
        (("--metrics", "ais", "--tolerance", "0"), "--tolerance must be above 0"),
        (("--metrics", "ais", "--num-chains", "0"), "--num-chains must be at least 1"),
        (("--metrics", "ais", "--num-temperatures", "-3"), "at least 1, got -3"),
        (("--metrics", "rate_distortion", "--start", "posterior"), "leave out --start"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_read(vaex, words, says):
    code, out, err = vaex("evaluate", "nowhere", *words)
    assert (code, out) == (2, "")
    assert says in err


def test_a_run_must_be_given(vaex):
    assert "give a run directory" in vaex("evaluate").err


def entry(value, **more):
    return {"value": value, "se": 0.1, "unit": "nats/example"} | more


def test_what_annealing_shows_of_the_nll_widens_it():
    results = {
        "nll": entry(100.0),
        "bits_per_dim": entry(2.0),
        "ais": entry(88.0, importance_weighted=entry(91.0)),
        "bdmc": entry(1.0),
    }
    wide = with_known_gap(results, 0.5)
    assert wide["nll"]["interval"] == [96.0, 100.0]  # 3 above the annealed, and its 1
    assert wide["bits_per_dim"]["interval"] == pytest.approx([1.92, 2.0])
    assert "interval" not in with_known_gap(results, 5.0)["nll"]
    del results["bdmc"]
    assert with_known_gap(results, 0.5) == results
    (words,) = sentences(results)
    assert "add bdmc" in words


@pytest.mark.slow
def test_everything_is_measured_and_written(vaex, finished, tmp_path, monkeypatch):
    monkeypatch.setattr(feature_classifier, "CONVOLUTIONAL_STEPS", 100)
    copy = shutil.copytree(finished.path, tmp_path / "copy")
    names = ",".join(METRICS)
    code, out, err = vaex("evaluate", str(copy), "--metrics", names, *SMALL)
    assert (code, err) == (0, "")
    (file,) = copy.glob("evaluation-test-32-*.json")
    found = json.loads(file.read_text())
    assert found["k_hat"]["num_samples"] == 32
    assert found["k_hat"]["num_examples"] == found["num_examples"] == 360
    psis = found["psis"]
    smoothed = found["nll"]["value"] + psis["less_nll"]["value"]
    assert psis["value"] == pytest.approx(smoothed, abs=1e-4)
    assert 0 < abs(psis["less_nll"]["value"]) < 3
    for name in ("ais", "bdmc"):
        assert found[name]["num_examples"] == 3
        assert found[name]["num_temperatures"] == 4
        assert 0 < found[name]["acceptance"] < 1
    # Four temperatures and two chains: the bounds are far apart.
    assert found["bdmc"]["value"] > 0.5
    low, high = found["ais"]["interval"]
    assert high - low == pytest.approx(found["bdmc"]["value"])
    assert f"{low:.3f} to {high:.3f}" in out
    parts = found["surgery"]
    whole = parts["mutual_information"]["value"] + parts["marginal_kl"]["value"]
    rest = parts["remainder"]
    assert found["rate"]["value"] == pytest.approx(whole + rest["value"], abs=1e-4)
    assert abs(rest["value"]) < 4 * rest["se"] + 1e-3
    assert parts["mutual_information"]["num_components"] == 360
    gaps = found["gaps"]
    assert gaps["amortisation"]["value"] > 0
    best = {"ais": -found["ais"]["value"]}
    best["importance weights"] = -found["ais"]["importance_weighted"]["value"]
    assert gaps["log_px_by"] == max(best, key=lambda name: best[name])
    points = found["rate_distortion"]["points"]
    total = points[-1]["rate"] + points[-1]["distortion"]
    assert total == pytest.approx(found["ais"]["value"], rel=1e-5)
    assert 0 < found["latents"]["aggregate_posterior"]["value"] <= 1
    for name in ("rate-distortion", "aggregate-posterior"):
        assert (copy / "figures" / f"{name}-test.png").stat().st_size > 0
    assert "digits convolutional classifier, seed 0, accuracy" in out
    features = found["sample_quality"]["precision"]["features"]
    assert float(features.split()[-1]) > 0.5  # chance is 0.1, the steps are few
    for sentence in sentences(found):
        assert sentence in out


def test_without_a_density_there_is_a_reason():
    """Nothing is compiled: what is asked is the model alone."""
    model = sampled().model.clone(likelihood=MeanSquaredError(event_shape=(6,)))
    asked: Any = SimpleNamespace(run=SimpleNamespace(model=model), found={})
    reason = "the likelihood head is a loss without a density"
    for name in ("ais", "bdmc", "rate_distortion"):
        assert METRICS[name].measure(asked)[name]["reason"] == reason
    assert METRICS["gaps"].measure(asked)["gaps"]["inference"]["reason"] == reason
    assert METRICS["k_hat"].measure(asked)["k_hat"]["value"] is None
    asked.run.model = model.clone(posterior=Deterministic(3))
    asked.data = {"x": np.zeros((4, 6))}
    parts = METRICS["surgery"].measure(asked)["surgery"]
    assert parts["marginal_kl"]["reason"] == "the posterior has no density"


def test_what_a_split_is_too_small_for_is_a_reason(monkeypatch):
    """Metrics that were measured before are not lost with it."""
    from vaex.metrics import of_run

    def refuse(run, split, options):
        raise InputError("examples are too few to be halved")

    monkeypatch.setattr(of_run, "disentanglement", refuse)
    asked: Any = SimpleNamespace(run=None, split="test", progress=no_progress)
    found = METRICS["disentanglement"].measure(asked)["disentanglement"]
    assert found["disentanglement"]["reason"] == "examples are too few to be halved"
