"""Scores of fitted detectors: bits, attribution, p-values, saving."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from tests.sklearn.conftest import QUICK, SMALL, correlated
from vaex.errors import InputError
from vaex.likelihoods.logistic import Logistic
from vaex.sklearn.detector import VAEDetector
from vaex.sklearn.loading import load

pytestmark = pytest.mark.xdist_group("sklearn")


def test_scores_are_the_same_bits_in_any_batch_and_order(detector):
    x = correlated(300, seed=3)
    whole = detector.score_samples(x)
    order = np.random.default_rng(0).permutation(len(x))
    assert (detector.score_samples(x[order]) == whole[order]).all()
    for size in (1, 7, 25):
        parts = [x[start : start + size] for start in range(0, 20 * size, size)]
        found = np.concatenate(
            [detector.score_samples(part) for part in parts if len(part)]
        )
        assert (found == whole[: len(found)]).all(), size


def test_fitting_again_gives_the_same_bits_and_compiles_nothing(detector, x):
    program = detector._program
    compiled = [program.init, program.chunk, program.look, program.independent]
    before = [function._cache_size() for function in compiled]
    again = clone(detector).fit(x)
    assert (again.score_samples(x) == detector.score_samples(x)).all()
    clone(detector).fit(correlated(47, columns=3))  # other rows and columns: a bucket
    assert again._program is program
    assert [function._cache_size() for function in compiled] == before
    other = clone(detector).set_params(random_state=1).fit(x)
    assert (other.score_samples(x) != detector.score_samples(x)).all()


def test_no_state_draws_a_seed(x):
    seeds = [
        VAEDetector(**QUICK | {"random_state": None}, num_models=1, num_samples=4)
        .fit(x)
        .seed_
        for _ in range(2)
    ]
    assert seeds[0] != seeds[1]


def test_contamination_is_the_share_of_training_rows_called_outliers(detector, x):
    assert (detector.predict(x) == -1).sum() == 6
    found = detector.predict_proba(x)
    np.testing.assert_allclose(found.sum(1), 1.0)
    assert (
        (np.argsort(found[:, 1], kind="stable")[-1])
        == detector.score_samples(x).argmin()
    )


def test_a_far_row_is_odd_for_its_column(detector, x):
    row = x[:1].copy()
    row[0, 3] += 10 * x[:, 3].std()
    assert detector.attribution(row)[0].argmax() == 3
    assert detector.score_samples(row) < detector.score_samples(x[:1])


def test_p_values_are_ranks_among_held_out_rows(detector, x):
    odd = -detector.score_samples(x)
    above = (detector.calibration_[None] >= odd[:, None]).sum(1)
    expected = (1 + above) / (1 + len(detector.calibration_))
    np.testing.assert_allclose(detector.p_values(x), expected)
    assert len(detector.calibration_) == 10


def test_attribution_sums_to_the_reconstruction_score(detector, x):
    like = clone(detector).set_params(anomaly_score="reconstruction").fit(x)
    sums = like.attribution(x).sum(1)
    np.testing.assert_allclose(-sums, like.score_samples(x), rtol=1e-5)


@pytest.mark.slow
def test_errors_shrink_with_samples(detector, x):
    _, few = detector.score_with_error(x)
    many = load_with(detector, num_samples=64)
    _, less = many.score_with_error(x)
    # 4 times less in expectation; few has errors estimated from 4 draws.
    assert 2.5 < np.median(few) / np.median(less) < 6


def load_with(estimator, **parameters):
    """The fitted estimator with other arguments of scoring."""
    found = clone(estimator).set_params(**parameters)
    fitted = {k: v for k, v in vars(estimator).items() if k.endswith("_")}
    vars(found).update(fitted)
    return found


def test_missing_cells_are_left_out(detector, x):
    rows = x[:3].copy()
    rows[0, 1] = np.nan
    found = detector.attribution(rows)
    assert found[0, 1] == 0.0
    assert np.isfinite(detector.score_samples(rows)).all()
    assert (detector.score_samples(rows)[1:] == detector.score_samples(x[1:3])).all()


def test_a_saved_estimator_gives_the_same_bits(detector, x, tmp_path):
    folder = detector.save(tmp_path / "model")
    found = load(folder)
    assert (found.score_samples(x) == detector.score_samples(x)).all()
    assert (found.p_values(x) == detector.p_values(x)).all()
    assert found.get_params() == detector.get_params()
    assert (found.predict(x) == detector.predict(x)).all()
    assert not list(tmp_path.glob(".*"))
    with pytest.raises(InputError, match="exists already"):
        detector.save(folder)
    file = folder / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        load(folder)
    (folder / "estimator.json").write_text("[]")
    with pytest.raises(InputError, match="damaged"):
        load(folder)
    with pytest.raises(InputError, match="no estimator"):
        load(tmp_path)


def test_only_classes_of_values_are_read(detector, tmp_path):
    import json

    from vaex.sklearn._saving import _sum

    folder = detector.save(tmp_path / "model")
    file = folder / "estimator.json"
    facts = json.loads(file.read_text())
    facts.pop("sha256")
    facts["class"] = "os.system"
    file.write_text(json.dumps({**facts, "sha256": _sum(facts)}))
    with pytest.raises(InputError, match="no class of values"):
        load(folder)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"latent_dim": 0}, "latent_dim must be an integer of at least 1, got 0"),
        ({"num_steps": 1.5}, "num_steps must be an integer"),
        ({"learning_rate": -1}, "learning_rate must be above 0"),
        ({"validation_fraction": 1.0}, "validation_fraction must lie in"),
        ({"contamination": 0.7}, r"contamination must lie in \(0, 0.5\]"),
        ({"num_models": 0}, "num_models must be an integer of at least 1"),
        ({"num_samples": 0}, "num_samples must be an integer of at least 1"),
        ({"tolerance": -0.1}, "tolerance must be above 0 or None, got -0.1"),
        ({"unknown": "skip"}, 'unknown must be "score" or "error" or "mask"'),
        ({"likelihood": "Gausian"}, "likelihood must be None, a head"),
        ({"likelihood": "OptimalSigmaGaussian"}, "PerDimensionScaleGaussian"),
        ({"likelihood": "Poisson"}, "defined on"),
        ({"anomaly_score": "density"}, "score must be one of"),
        ({"anomaly_score": 3}, "anomaly_score must be a name"),
        ({"likelihood": "MeanSquaredError"}, "score=elbo needs log p"),
    ],
)
def test_arguments_that_cannot_work_are_refused_before_training(options, words, x):
    with pytest.raises(InputError, match=words):
        VAEDetector(**QUICK | options).fit(x)


@pytest.mark.slow
def test_a_value_that_its_column_cannot_hold_is_scored(x):
    """It counts log(N + 1) nats, beside the row without that cell."""
    table = np.column_stack([x[:, :2], np.arange(len(x)) % 2])
    model = VAEDetector(**SMALL, num_models=1, num_samples=4).fit(table)
    assert isinstance(model.structure_.continuous, Logistic)
    row, hidden = table[:1].copy(), table[:1].copy()
    row[0, -1], hidden[0, -1] = 2.0, np.nan
    extra = model.score_samples(hidden) - model.score_samples(row)
    np.testing.assert_allclose(extra, np.log(len(x) + 1), rtol=1e-12)
    parts = model.attribution(row)
    np.testing.assert_allclose(parts[0, -1], np.log(len(x) + 1), rtol=1e-12)
    np.testing.assert_allclose(parts.sum(1), -model.score_samples(row), rtol=1e-5)
    with pytest.raises(InputError, match="held binary values.*2.0 of row 0 is not one"):
        model.set_params(unknown="error").score_samples(row)


def test_p_values_need_held_out_rows(x):
    few = VAEDetector(**QUICK, num_models=1, num_samples=1).fit(x[:10])
    with pytest.raises(InputError, match="held-out"):
        few.p_values(x)
    with pytest.raises(NotFittedError):
        VAEDetector().attribution(x)
