"""`vaex compare`: what is refused, and what two runs' results say of each other."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from tests.cli.commands import only_run, read
from vaex.cli import _comparing
from vaex.cli._comparing import _common_samples, _loaded, example_values
from vaex.cli._no_progress import no_progress
from vaex.errors import InputError
from vaex.io.load import LoadedRun
from vaex.io.parts import Parts

# The run that is only read is trained once for all files.
pytestmark = pytest.mark.xdist_group("finished run")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("one",), "give two run directories or more, got one"),
        (("a", "b", "--level", "95"), "--level must be between 0 and 1, got 95"),
        (("a", "b", "--num-samples", "0"), "--num-samples must be at least 1, got 0"),
        (("a", "./a"), "./a is given more than once"),
    ],
)
def test_bad_arguments(vaex, words, says):
    code, out, err = vaex("compare", *words)
    assert (code, out) == (2, "")
    if "more than once" in says:
        says = "is given more than once"
    assert says in err


def loaded(**facts) -> Any:
    """What is asked of a run."""
    known = {
        "checksum": "a" * 64,
        "preparation": "Identity()",
        "num_samples": 8,
    } | facts
    dataset = SimpleNamespace(
        name="set", checksum=known["checksum"], event_shape=(2,), splits={"test": {}}
    )
    status = {"preparation": known["preparation"]}
    none: Any = None
    state: Any = SimpleNamespace(params={}, variables={}, opt_state=())
    return LoadedRun(
        directory=cast(Any, SimpleNamespace(status=lambda: status)),
        config={"evaluation": {"num_samples": known["num_samples"]}},
        parts=Parts(dataset, none, none, none, none),
        state=state,
    )


@pytest.mark.parametrize(
    ("split", "other", "says"),
    [
        ("test", {"checksum": "b" * 64}, r"a and b .*data set \(aaaaaaaa\) and set"),
        ("test", {"preparation": "Binarize()"}, r"preparation Identity\(\) and B"),
        ("train", {}, r"--split must be one of \['test'\] of a"),
    ],
)
def test_other_examples_are_refused_with_the_difference(
    monkeypatch, split, other, says
):
    runs = {"a": loaded(), "b": loaded(**other)}
    monkeypatch.setattr(_comparing, "load_run", runs.get)
    with pytest.raises(InputError, match=says):
        _loaded(["a", "b"], split)


def test_runs_share_one_copy_of_the_data(monkeypatch):
    runs = {"a": loaded(), "b": loaded()}
    monkeypatch.setattr(_comparing, "load_run", runs.get)
    found = _loaded(["a", "b"], "test")
    assert [run.config for run in found] == [run.config for run in runs.values()]
    assert found[0].parts.dataset is found[1].parts.dataset is runs["a"].parts.dataset


def test_other_numbers_of_samples_are_refused():
    with pytest.raises(InputError, match="num_samples is 8 in a and 9 in b"):
        _common_samples(["a", "b"], [loaded(), loaded(num_samples=9)])


def with_parts(run: LoadedRun, log_det: float, dequantizes: bool) -> LoadedRun:
    """The run with a preparation and a head on the reals."""
    parts = replace(
        run.parts,
        preparation=SimpleNamespace(
            log_det_of=lambda mask: log_det, dequantizes=dequantizes
        ),
        likelihood=SimpleNamespace(support=SimpleNamespace(is_discrete=False)),
    )
    return replace(run, parts=parts)


@pytest.mark.parametrize("dequantizes", [True, False])
def test_values_are_of_the_data(dequantizes):
    run = with_parts(loaded(), log_det=-5.0, dequantizes=dequantizes)
    found = {
        "elbo": np.array([-3.0]), "log_px": np.array([-2.0]),
        "distortion": np.array([1.0]), "rate": np.array([[0.5, 1.5]]),
        "ess": np.array([4.0]),
    }  # fmt: skip
    values = {name: float(v[0]) for name, v in example_values(run, found).items()}
    bits = {"bits_per_dim": pytest.approx(7.0 / 2 / np.log(2))} if dequantizes else {}
    assert values == {"elbo": -8.0, "nll": 7.0, "distortion": 6.0, "rate": 2.0} | bits


def test_a_value_that_is_not_finite_is_refused_with_its_row(monkeypatch):
    run = with_parts(loaded(), log_det=0.0, dequantizes=False)
    run.config["seed"] = 0
    run.parts.dataset.splits = {"test": {"x": np.zeros((5, 2))}}
    estimator = SimpleNamespace(
        programs=SimpleNamespace(estimate=None), key=None, block_size=2
    )
    bad = {"elbo": np.array([1.0, 2.0, np.nan, 1.0, -np.inf])}
    of = SimpleNamespace(of=lambda *_: estimator)
    for name, value in {
        "load_run": lambda path: run, "Estimator": of, "structure_of": str,
        "_configurations": list, "estimate": lambda *_, **__: bad,
    }.items():  # fmt: skip
        monkeypatch.setattr(_comparing, name, value)
    says = "a: elbo is not finite for 2 of 5 examples, the first is row 2"
    with pytest.raises(InputError, match=says):
        _comparing.measure_runs(["a", "b"], "test", None, no_progress)


@pytest.mark.slow
def test_differences_are_those_of_the_results(vaex, train, finished, tmp_path):
    """Of one seed: the same draws as in the results of the runs."""
    assert train(tmp_path / "runs", "objective.beta=4").code == 0
    pair, out = [finished.path, only_run(tmp_path / "runs")], tmp_path / "out"
    code, text, err = vaex("compare", *map(str, pair), "--out", str(out))
    assert (code, err) == (0, "")
    assert "minus beta=1, 95% intervals" in text
    assert "only more seeds can tell" in text
    found = read(out / "comparison.json")
    assert found["num_samples"] == 4
    assert [run["seed"] for run in found["runs"]] == [0, 0]
    results = [read(path / "results.json") for path in pair]
    for row in found["differences"]:
        before, after = (part[row["metric"]]["value"] for part in results)
        assert row["mean"] == pytest.approx(after - before, abs=1e-4)
        assert row["low"] < row["mean"] < row["high"]
        assert (row["over"], row["num_seeds"], row["n"]) == ("examples", 1, 360)
    metrics = [row["metric"] for row in found["differences"]]
    assert metrics == ["elbo", "nll", "bits_per_dim", "distortion", "rate"]
    files = ("comparison.csv", "comparison.md", "differences.png")
    for name in (*files, "rate-distortion.png"):
        assert (out / name).stat().st_size > 0
        assert f"written  {out / name}" in text
