"""Data frames, pipelines, searches: the estimators among scikit-learn's."""

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.sklearn.conftest import SMALL, correlated
from vaex.errors import InputError
from vaex.sklearn.density import VAEDensity
from vaex.sklearn.detector import VAEDetector
from vaex.sklearn.imputer import VAEImputer
from vaex.sklearn.loading import load
from vaex.sklearn.transformer import VAETransformer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sklearn")]


@pytest.fixture(scope="module")
def frame():
    pandas = pytest.importorskip("pandas")
    generator = np.random.default_rng(0)
    kind = generator.integers(0, 3, 80)
    return pandas.DataFrame(
        {
            "size": 1000.0 + 10 * kind + generator.normal(size=80),
            "colour": np.array(["red", "green", "blue"])[kind],
            "grade": pandas.Categorical(kind + 5),
            "flag": kind > 1,
            "visits": generator.negative_binomial(0.5, 0.05, 80),
        }
    )


def test_types_of_a_frame_choose_the_heads_and_survive_saving(frame, tmp_path):
    model = VAEDensity(**SMALL, num_samples=4).fit(frame)
    kinds = [column.kind for column in model.table_.columns]
    assert kinds == ["continuous", "categorical", "categorical", "binary", "count"]
    assert model.feature_names_in_.tolist() == list(frame.columns)
    scores = model.score_samples(frame)
    assert np.isfinite(scores).all()
    found = load(model.save(tmp_path / "model"))
    assert (found.score_samples(frame) == scores).all()
    drawn = found.sample(50, random_state=0)
    assert set(drawn[:, 1]) <= {"red", "green", "blue"}
    assert set(drawn[:, 2]) <= {5, 6, 7}
    assert (drawn == found.sample(50, random_state=0)).all()
    with pytest.raises(ValueError, match="feature names"):
        model.score_samples(frame.rename(columns={"size": "length"}))


def test_unseen_categories_and_missing_labels(frame):
    model = VAEDetector(**SMALL, num_models=1, num_samples=4).fit(frame)
    other = frame.head(3).copy()
    other.loc[1, "colour"] = "mauve"
    parts = model.attribution(other)
    np.testing.assert_allclose(parts[1, 1], np.log(len(frame) + 1), rtol=1e-12)
    model.set_params(unknown="error")
    with pytest.raises(InputError, match="'colour'.*'mauve' of row 1"):
        model.score_samples(other)
    model.set_params(unknown="mask")
    assert model.attribution(other)[1, 1] == 0.0
    missing = other.copy()
    missing.loc[1, "colour"] = None
    assert (model.score_samples(missing) == model.score_samples(other)).all()


def test_labels_are_imputed(frame):
    holes = frame.copy()
    holes.loc[:9, "colour"] = None
    holes.loc[20:29, "size"] = np.nan
    options = SMALL | {"num_steps": 600, "learning_rate": 0.02}
    model = VAEImputer(**options, num_importance=1, num_samples=32).fit(holes)
    found = model.transform(holes)
    assert list(model.get_feature_names_out()) == list(frame.columns)
    assert (found[10:, 1] == frame["colour"][10:]).all()
    equal = holes.iloc[[20] * 200]  # each is drawn by itself
    model.set_params(sample_posterior=True, random_state=0)
    drawn = model.transform(equal)[:, 0].astype(float)
    assert len(np.unique(drawn)) > 190
    # The grade tells the colour: chance is a third.
    assert (found[:10, 1] == frame["colour"][:10]).mean() >= 0.8
    error = np.abs(found[20:30, 0].astype(float) - frame["size"][20:30])
    assert error.mean() < 0.5 * np.abs(frame["size"] - frame["size"].median()).mean()


def test_a_column_that_was_never_observed_becomes_0():
    x = correlated(60)
    x[:, 2], x[5, 1] = np.nan, np.nan
    model = VAEImputer(**SMALL, num_importance=1, num_samples=4).fit(x)
    found = model.transform(x)
    assert (found[:, 2] == 0).all()
    assert np.isfinite(found).all()
    seen = np.isfinite(x)
    assert (found[seen] == x[seen]).all()


def test_a_pipeline_of_transformed_columns(frame):
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["size", "visits"]),
            ("labels", OneHotEncoder(sparse_output=False), ["colour"]),
        ]
    )
    model = make_pipeline(columns, VAETransformer(**SMALL), LogisticRegression()).fit(
        frame, frame["flag"]
    )
    assert model.predict(frame).shape == (80,)
    kinds = [column.kind for column in model[1].table_.columns]
    assert kinds == ["continuous", "continuous", "binary", "binary", "binary"]


def test_output_as_a_frame_and_back():
    pandas = pytest.importorskip("pandas")
    numbers = pandas.DataFrame(correlated(80), columns=list("abcde"))
    model = VAETransformer(**SMALL).set_output(transform="pandas").fit(numbers)
    z = model.transform(numbers)
    assert list(z.columns) == ["vaetransformer0", "vaetransformer1"]
    assert model.inverse_transform(z.to_numpy()).shape == (80, 5)
    with pytest.raises(InputError, match="2 latent variables, got 3"):
        model.inverse_transform(np.zeros((1, 3)))


def test_a_search_over_arguments():
    x = correlated(60)
    search = GridSearchCV(
        VAEDensity(**SMALL, num_samples=4),
        {"learning_rate": [1e-3, 1e-2], "num_samples": [2, 4]},
        cv=2,
    ).fit(x)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_["learning_rate"] == 1e-2  # 30 steps are too few for 1e-3


def test_progress_is_told(capsys):
    VAETransformer(**SMALL, verbose=1).fit(correlated(60))
    assert "step 100 of at most 100: held-out loss" in capsys.readouterr().out
