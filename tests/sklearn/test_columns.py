"""What columns hold, and the model's numbers for them: nothing is trained."""

import jax
import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator

from vaex.errors import InputError
from vaex.likelihoods.poisson import Poisson
from vaex.sklearn._columns import fitted_columns, location_and_scale
from vaex.sklearn._encoding import Encoding
from vaex.sklearn._reading import Values, read
from vaex.sklearn._table import Group, Table


def numbers(values, is_integer=False, name="a"):
    return Values(name, np.asarray(values, np.float64), False, is_integer)


def labels(values, name="a"):
    return Values(name, np.array(values, object), True, False)


GENERATOR = np.random.default_rng(0)
POISSON = GENERATOR.poisson(3.0, 500)
OVERDISPERSED = GENERATOR.negative_binomial(0.7, 0.1, 500)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (numbers(GENERATOR.normal(size=50)), "continuous"),
        (numbers([0, 1, 1, 0, np.nan]), "binary"),
        (numbers([1, 2, 1, 2]), "continuous"),
        (numbers([1, 1, 1]), "continuous"),
        (numbers(OVERDISPERSED, is_integer=True), "count"),
        (numbers(OVERDISPERSED), "continuous"),  # they came as floats
        (numbers(OVERDISPERSED - 1, is_integer=True), "continuous"),  # -1 is no count
        (numbers(POISSON + 100, is_integer=True), "continuous"),  # a normal is better
        (labels(["a", "b", "a", None]), "binary"),
        (labels(["a", "b", "c"]), "categorical"),
        (labels(["a", "a"]), "binary"),
    ],
)
def test_what_a_column_holds_decides_its_kind(column, kind):
    assert fitted_columns([column])[0].kind == kind


def test_the_scale_is_not_stretched_by_extreme_values():
    values = GENERATOR.normal(3.0, 2.0, 10_000)
    loc, scale = location_and_scale(values)
    # The middle 98 %, clipped, of a normal: by quadrature.
    q = stats.norm.ppf(0.99)
    inside = stats.truncnorm(-q, q).var() * 0.98 + 0.02 * q**2
    assert scale == pytest.approx(2 * np.sqrt(inside), rel=0.03)  # 3 standard errors
    assert loc == pytest.approx(3.0, abs=0.08)  # 3 standard errors of a median
    values[:50] = 1e9
    found = location_and_scale(values)
    assert found == pytest.approx((loc, scale), rel=0.03)


@pytest.mark.parametrize(
    ("loc", "scale"), [(0.0, 1e-12), (1.7e18, 1e9), (0.0, 1e200), (-3.0, 2.0)]
)
def test_the_scale_is_found_in_any_unit(loc, scale):
    z = np.random.default_rng(0).normal(size=100)
    expected = location_and_scale(z)
    found = (np.array(location_and_scale(loc + scale * z)) - [loc, 0]) / scale
    # Numbers at 1.7e18 are 256 apart.
    np.testing.assert_allclose(found, expected, rtol=1e-5 if loc > 1e18 else 1e-9)


def test_a_constant_column_keeps_its_unit():
    # Where a peer divides by 1e-8 a new value is off by 1e8 standard deviations.
    column = fitted_columns([numbers([1000.0] * 30)])[0]
    assert column.encoded(np.array([1000.0, 1001.0]), False).tolist() == [0.0, 1.0]


def test_a_mostly_constant_column_has_the_spread_of_all_its_values():
    values = np.zeros(1000)
    values[0] = 10.0
    assert location_and_scale(values) == (0.0, pytest.approx(values.std()))


def test_values_go_into_the_model_and_back():
    table = [
        labels(["x", "y", "z", None], "letter"),
        numbers([10.0, 20.0, 30.0, np.nan], name="size"),
        numbers([0.0, 1.0, 1.0, 0.0], name="flag"),
        labels([False, True, True, False], "truth"),
    ]
    found = Table.of(fitted_columns(table))
    assert found.groups == (
        Group("continuous", 2),
        Group("binary", 2),
        Group("categorical", 2, 3),
    )
    rows = found.rows(table)
    assert rows["x"].shape == rows["mask"].shape == (4, 6)
    assert rows["mask"].sum(1).tolist() == [4, 4, 4, 2]
    back = found.values(rows["x"])
    assert back[:3, 0].tolist() == ["x", "y", "z"]
    np.testing.assert_allclose(back[:3, 1].astype(float), [10, 20, 30], rtol=1e-6)
    assert back[:, 2].tolist() == [0.0, 1.0, 1.0, 0.0]
    assert back[:, 3].tolist() == [False, True, True, False]


def test_the_jacobian_counts_observed_continuous_columns():
    table = [numbers([1.0, 3.0, 5.0, np.nan]), numbers([0, 1, 1, 0])]
    found = Table.of(fitted_columns(table))
    scale = found.columns[0].scale
    log_det = found.log_det(found.rows(table)["mask"])
    np.testing.assert_allclose(log_det, [-np.log(scale)] * 3 + [0.0])


@pytest.mark.parametrize(
    ("trained", "new", "words"),
    [
        (labels(["a", "b", "c"]), labels(["a", "d"]), "categories.*'d' of row 1"),
        (numbers([0, 1, 1]), numbers([1, 0.5]), "binary values.*0.5"),
        (numbers(OVERDISPERSED, True), numbers([1, -2]), "count values.*-2"),
        (numbers([0.0, 5.0, 1.0]), labels(["x"]), "held numbers"),
    ],
)
def test_what_a_column_cannot_hold_is_named_or_hidden(trained, new, words):
    table = Table.of(fitted_columns([trained]))
    with pytest.raises(InputError, match=words):
        table.rows([new])
    if not words.startswith("held"):
        rows = table.rows([new], unknown="mask")
        assert rows["mask"][:, 0].tolist() == [True, False]
        assert np.isfinite(rows["x"]).all()


def test_a_head_that_is_not_on_the_reals_gets_values_as_they_are():
    trained, new = numbers([3, 2e7, 9]), numbers([5, -1, 0.5, np.nan, 1e300])
    found = Table.of(fitted_columns([trained], Poisson()))
    assert found.groups == (Group("raw", 8),)
    assert found.rows([trained])["x"][:, 0].tolist() == [3, 2e7, 9]
    assert found.unheld([new])[:, 0].tolist() == [False, True, True, False, False]
    with pytest.raises(InputError, match=r"Poisson, defined on \{0.*-1.0 of row 1"):
        found.rows([new])
    assert np.isfinite(found.rows([new], unknown="mask")["x"]).all()


def test_the_encoder_tells_large_raw_values_apart():
    x = np.array([[-3.0, 10.0], [1e3, 1e6]], np.float32)
    rows = {"x": x, "mask": np.ones(x.shape, bool)}
    found = Encoding((Group("raw", 2),))(jax.random.key(0), rows)["input"]
    expected = [[-3.0, 10.0], [10 + np.log(1e2), 10 + np.log(1e5)]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_types_of_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "text": pandas.Series(["a", None, "b"], dtype="string"),
            "whole": pandas.Series([1, None, 3], dtype="Int64"),
            "truth": pandas.Series([True, None, False], dtype="boolean"),
            "grade": pandas.Categorical([1.5, np.nan, 2.5]),
        }
    )
    found, _ = read(BaseEstimator(), frame, fitting=True)
    assert [c.is_label for c in found] == [True, False, False, True]
    assert [c.is_integer for c in found] == [False, True, True, False]
    assert found[0].values.tolist() == ["a", None, "b"]
    assert found[3].values.tolist() == [1.5, None, 2.5]
    np.testing.assert_array_equal(found[1].values, [1, np.nan, 3])
    np.testing.assert_array_equal(found[2].values, [1, np.nan, 0])
    for other in (pandas.date_range("2020", periods=3), [1j, 2j, 3j]):
        with pytest.raises(InputError, match="column 'when' holds values of type"):
            read(BaseEstimator(), pandas.DataFrame({"when": other}), fitting=True)


def test_a_column_of_nothing_is_refused_or_left_alone():
    with pytest.raises(InputError, match="no value at all"):
        fitted_columns([labels([None, None])])
    assert fitted_columns([numbers([np.nan, np.nan])])[0].scale == 1.0


def test_far_values_are_bounded():
    table = [numbers([1.0, 2.0, 3.0])]
    rows = Table.of(fitted_columns(table)).rows([numbers([1e300, -1e300])])
    assert rows["x"][:, 0].tolist() == [1e6, -1e6]
