"""Metrics of a run: the oracle as if it had been trained, on its own data."""

import dataclasses
import functools
import json
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from tests.oracles.ppca import EVENT, LATENT, ppca
from vaex.data.dataset import Dataset
from vaex.data.factors import Factors
from vaex.errors import InputError
from vaex.metrics import _sample_results, feature_classifier, of_run
from vaex.metrics.feature_classifier import train_classifier
from vaex.preparations.identity import Identity

SIZE = 400


def split(random, weights, mean):
    """Rows of the oracle's model; two of its z are told by their sign."""
    z = random.normal(size=(SIZE, LATENT))
    x = z @ weights + mean + 0.4 * random.normal(size=(SIZE, EVENT))
    label = (z[:, 0] > 0).astype(np.int32)
    return {"x": x.astype(np.float32), "label": label}, (z[:, :2] > 0).astype(np.int32)


@functools.cache
def run():
    oracle = ppca()
    head = oracle.variables["params"]["likelihood"]["projection"]
    weights, mean = np.asarray(head["kernel"]), np.asarray(head["bias"])
    random = np.random.default_rng(0)
    splits, values = {}, {}
    for name in ("train", "test"):
        splits[name], values[name] = split(random, weights, mean)
    factors = Factors(("first", "second"), (2, 2), values)
    parts = SimpleNamespace(
        dataset=Dataset("oracle", splits, None, "", factors=factors),
        preparation=Identity(),
        likelihood=oracle.model.likelihood,
    )
    return SimpleNamespace(
        model=oracle.model, variables=oracle.variables, parts=parts, config={"seed": 0}
    )


def changed(**parts):
    whole = SimpleNamespace(**{**vars(run().parts), **parts})
    return SimpleNamespace(**{**vars(run()), "parts": whole})


@pytest.fixture
def quick(monkeypatch):
    trained = functools.partial(train_classifier, steps=40)
    monkeypatch.setattr(_sample_results, "train_classifier", trained)
    monkeypatch.setattr(_sample_results, "RESAMPLES", 5)


def test_disentanglement_of_a_model_that_is_disentangled():
    """Principal axes have codes of their own; the third latent has no factor."""
    found = of_run.disentanglement(run(), "test", {"repeats": 1})
    assert found["active_codes"]["value"] == LATENT
    assert found["factor_vae"]["value"] > 0.95
    assert found["beta_vae"]["value"] > 0.95
    assert 0.3 < found["mig"]["value"] < 0.9
    assert 0 < found["mig"]["se"] < 0.1
    assert all(score["unit"] in ("score", "codes") for score in found.values())
    assert json.loads(json.dumps(found)) == found


def test_disentanglement_without_factors():
    dataset = dataclasses.replace(run().parts.dataset, factors=None)
    found = of_run.disentanglement(changed(dataset=dataset), "test", {})
    assert "factors that oracle was made from are not known" in found["mig"]["reason"]
    assert found["mig"]["value"] is None


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_samples_of_the_true_model_and_of_a_wrong_one():
    found = of_run.sample_quality(run(), "test", {"test_examples": 200})
    assert found["mmd"]["value"] > 1e-3
    assert found["mmd"]["num_examples"] == 200
    distance, least = found["frechet_distance"], found["frechet_of_data"]
    assert distance["features"].startswith("vaex's own oracle classifier, seed 0")
    # E[x|z] lacks the head's noise, so it is further off than data are.
    assert 0 < least["value"] < distance["value"]
    assert 0 < distance["se"] < distance["value"]
    for name in ("precision", "recall", "density", "coverage"):
        # E[x|z] is nearer to the middle, where the balls of many examples meet.
        assert 0.3 < found[name]["value"] < 2.0
        assert found[name]["k"] == 5
    assert json.loads(json.dumps(found)) == found
    test = run().parts.dataset.splits["test"]
    wide = {"x": 3.0 * test["x"], "label": test["label"]}
    dataset = dataclasses.replace(
        run().parts.dataset, splits={"train": wide, "test": wide}
    )
    wrong = changed(dataset=dataset)
    other = of_run.sample_quality(wrong, "test", {"test_examples": 200})
    assert other["mmd"]["value"] < 0.01
    assert other["coverage"]["value"] < found["coverage"]["value"] - 0.1
    # Of the training split it would be of other rows, of which there is one here.
    few = {"num_examples": SIZE - 1, "permutations": 9}
    own = of_run.sample_quality(run(), "train", few)["frechet_of_data"]
    assert "no two training examples" in own["reason"]


def test_the_two_sample_test_takes_rows_from_the_whole_split():
    """Of data in an order (by class, by difficulty) the first are not all."""
    random = np.random.default_rng(3)
    ordered = np.repeat([-5.0, 5.0], 100)[:, None] + random.normal(size=(200, EVENT))
    drawn = random.permutation(ordered) + random.normal(size=(200, EVENT))
    options = {"test_examples": 100, "permutations": 99, "seed": 0}
    rows = {"x": ordered.astype(np.float32)}
    found = _sample_results.two_sample(run(), rows, drawn, options)["mmd"]
    assert found["num_examples"] == 100
    assert found["value"] > 0.05


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_aggregate_posterior_of_the_true_model_is_the_prior(shift):
    """By a test, and by the draws themselves: one posterior draw for each example."""
    changed = SimpleNamespace(**{**vars(run()), "variables": ppca(shift).variables})
    options = {"permutations": 199, "test_examples": 300}
    (layer,), rows = of_run.latent_draws(changed, "test", options)
    assert layer.posterior.shape == layer.prior.shape == (SIZE, LATENT)
    assert stats.kstest(layer.prior.ravel(), "norm").pvalue > 1e-3
    fits = stats.kstest(layer.posterior.ravel(), "norm").pvalue > 1e-3
    assert fits == (not shift)
    found = of_run.latents(changed, "test", options)["aggregate_posterior"]
    assert (found["value"] < 0.01) == bool(shift)


def test_samples_without_labels():
    test = {"x": run().parts.dataset.splits["test"]["x"]}
    dataset = Dataset("bare", {"train": test, "test": test}, None, "")
    options = {"num_examples": 50, "permutations": 19}
    found = of_run.sample_quality(changed(dataset=dataset), "test", options)
    assert "bare has no labels" in found["frechet_distance"]["reason"]
    assert found["mmd"]["value"] > 0.01


def test_predictive_checks_of_the_true_model():
    found = of_run.predictive_checks(run(), "test", {"num_draws": 19})
    for level in (50, 80, 90, 95):
        entry = found[f"coverage_{level}"]
        assert entry["nominal"] == level / 100
        assert abs(entry["value"] - entry["nominal"]) < 4 * entry["se"]
    spread = found["pit_spread"]
    assert abs(spread["value"] - 1) < 4 * spread["se"]
    assert found["pit"]["value"] > 1e-3
    assert sum(found["pit"]["counts"]) == SIZE
    assert found["check_largest"]["p_value"] > 1e-3
    assert json.loads(json.dumps(found)) == found
    assert abs(found["check_mean"]["value"] - 0.5) < 4 * found["check_mean"]["se"]


@pytest.mark.slow
def test_sbc_of_the_true_posterior():
    found = of_run.sbc(run(), "test", {"num_examples": 320, "num_draws": 15})
    assert found["sbc"]["value"] > 1e-3
    assert found["sbc"]["degrees"] == 15
    assert json.loads(json.dumps(found)) == found
    assert np.sum(found["sbc"]["counts"], 1).tolist() == [320] * LATENT
    assert len(found["sbc_spread"]["by_dimension"]) == LATENT
    for name, nominal in (("sbc_spread", 1.0), ("sbc_rank", 0.5)):
        assert abs(found[name]["value"] - nominal) < 4 * found[name]["se"]


def test_what_has_no_density_has_reasons():
    loss = changed(likelihood=SimpleNamespace(is_normalized=False))
    for metric in (of_run.predictive_checks, of_run.sbc):
        for entry in metric(loss, "test", {}).values():
            assert entry["value"] is None
            assert "a loss without a density" in entry["reason"]
    rows = run().parts.dataset.splits["test"]
    found = _sample_results.two_sample(loss, rows, rows["x"], {})
    assert "a loss without a density" in found["mmd"]["reason"]


@pytest.mark.parametrize(
    ("metric", "options", "message"),
    [
        (of_run.disentanglement, {"bin": 3}, "options must be of num_examples, .* bin"),
        (of_run.sample_quality, {"num_examples": 1}, "num_examples must be at least 2"),
        (of_run.predictive_checks, {"num_draws": 0}, "num_draws must be at least 2"),
        (of_run.sbc, {"num_draws": 10}, "divide num_draws . 1 = 11 .* got 16"),
        (of_run.sbc, {"num_examples": 9}, r"5 \* bins = 80, got 9"),
    ],
)
def test_options_that_there_are_not(metric, options, message):
    with pytest.raises(InputError, match=message):
        metric(run(), "test", options)


def test_a_classifier_is_kept_under_what_it_depends_on(tmp_path, monkeypatch):
    monkeypatch.setenv("VAEX_DATA", str(tmp_path))
    dataset = dataclasses.replace(run().parts.dataset, checksum="abc")
    first = train_classifier(dataset, steps=40)
    assert len(list((tmp_path / "scanned").iterdir())) == 1

    def refuse(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(feature_classifier, "_trained", refuse)
    again = train_classifier(dataset, steps=40)
    x = dataset.splits["test"]["x"][:5]
    np.testing.assert_array_equal(first.features(x), again.features(x))
    assert first.features(x).shape == (5, 64)
    assert first.name == again.name
    assert first.accuracy > 0.8
    for other in ({"seed": 1, "steps": 40}, {"steps": 41}):
        with pytest.raises(AssertionError, match="trained again"):
            train_classifier(dataset, **other)


def test_data_that_no_classifier_takes():
    x = np.zeros((9, 2), np.float32)
    one = {"x": x, "label": np.ones(9, np.int32)}
    with pytest.raises(InputError, match="one class only"):
        train_classifier(Dataset("one", {"train": one, "test": one}, None, ""))
    masked = {**one, "mask": np.ones((9, 2), bool)}
    with pytest.raises(InputError, match="masked values, which no classifier"):
        train_classifier(Dataset("one", {"train": masked, "test": masked}, None, ""))


def spots(event, columns=()):
    """Noise with a bright row, whose place is the label."""
    label = np.arange(200, dtype=np.int32) % 2
    x = np.random.default_rng(0).normal(size=(200, *event)).astype(np.float32)
    x[np.arange(200), 1 + label] += 3.0
    part = {"x": x, "label": label}
    return Dataset("spots", {"train": part, "test": part}, None, "", columns)


def test_only_images_have_convolutional_features():
    for event in ((5, 6), (5, 6, 3)):
        assert feature_classifier._is_image(spots(event))
    assert not feature_classifier._is_image(spots((6,)))
    assert not feature_classifier._is_image(spots((5, 2), ("x", "y")))


@pytest.mark.slow
def test_convolutional_features_tell_where_something_is():
    dataset = spots((5, 6))
    found = train_classifier(dataset, steps=40)
    assert found.name.startswith("vaex's own spots convolutional classifier, seed 0")
    assert "Conv_1" in found.params
    assert found.accuracy > 0.9
    part = dataset.splits["test"]
    assert found.features(part["x"][:7]).shape == (7, 64)
    assert (found.predict(part["x"]) == part["label"]).mean() == found.accuracy


@pytest.mark.slow
def test_of_many_examples_a_random_part_is_learned_from(monkeypatch):
    dataset = run().parts.dataset
    x = dataset.splits["test"]["x"]
    whole = train_classifier(dataset, steps=20).features(x)
    monkeypatch.setattr(feature_classifier, "MOST", SIZE)
    np.testing.assert_array_equal(
        train_classifier(dataset, steps=20).features(x), whole
    )
    monkeypatch.setattr(feature_classifier, "MOST", 50)
    part = train_classifier(dataset, steps=20).features(x)
    assert np.abs(part - whole).max() > 1e-3
