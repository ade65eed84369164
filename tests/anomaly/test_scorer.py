"""The scorer: bits that depend on the row alone, adaptive samples, what it refuses."""

import jax
import numpy as np
import pytest

from tests.anomaly import exact, scoring
from vaex.anomaly._moments import added, mean_and_error, nothing
from vaex.anomaly.reconstruction_probability import ReconstructionProbability
from vaex.anomaly.row_keys import row_words
from vaex.anomaly.scorer import Scorer
from vaex.errors import InputError
from vaex.preparations.identity import Identity

ADDED = jax.jit(added, static_argnums=4)
RESULT = jax.jit(mean_and_error, static_argnums=1)
ONE = np.arange(8) == 3
NAMES = ("value", "se", "num_samples", "attribution")


def same(one, other, places=slice(None)) -> bool:
    """Whether all of one is what stands in these places of the other, bit by bit."""
    return all(
        getattr(one, name).tobytes() == getattr(other, name)[places].tobytes()
        for name in NAMES
    )


def test_bits_do_not_depend_on_the_batch_or_the_order():
    scorer, x = scoring.reconstruction(), exact.rows()[:260]
    whole = scorer({"x": x})
    programs = scorer._program._cache_size()
    for size in (1, 7, 256):
        for start in range(0, len(x), size):
            part = slice(start, start + size)
            assert same(scorer({"x": x[part]}), whole, part)
    order = np.random.default_rng(1).permutation(len(x))
    assert same(scorer({"x": x[order]}), whole, order)
    # Two rows alike are one row; its first twin does not draw for it.
    twice = scorer({"x": x[[3, 3]]})
    assert twice.value[0] == twice.value[1] == whole.value[3]
    assert scorer._program._cache_size() == programs


def test_hidden_cells_are_no_part_of_a_row_and_do_not_change_the_others():
    scorer, x = scoring.reconstruction(), exact.rows()[:20]
    whole = scorer({"x": x})
    mask = np.ones(x.shape, bool)
    assert same(scorer({"x": x, "mask": mask}), whole)
    mask[4, 2] = False
    odd = x.copy()
    odd[4, 2] = np.nan
    found = scorer({"x": odd, "mask": mask})
    others = [place for place in range(20) if place != 4]
    assert found.value[others].tobytes() == whole.value[others].tobytes()
    assert found.attribution[4, 2] == 0
    odd[4, 2] = 1e9
    assert same(scorer({"x": odd, "mask": mask}), found)
    left = np.delete(found.attribution[4], 2).sum()
    np.testing.assert_allclose(left, found.value[4], rtol=1e-6)


def test_one_program_draws_what_the_words_say():
    """Equal bytes, equal words; each word is used, and any cell changes both."""
    x = exact.rows()[:50]
    words = row_words({"x": x})
    assert words.shape == (50, 2)
    assert len(np.unique(words)) == 100
    assert (row_words({"x": x[::-1]})[::-1] == words).all()
    moved = x.copy()
    moved[:, 3] = np.nextafter(moved[:, 3], np.float32(9))
    assert (row_words({"x": moved}) != words).all()
    hidden = {"x": x, "mask": np.ones(x.shape, bool)}
    assert (row_words(hidden) != words).all()
    assert (row_words({"x": x}, seed=1) != words).all()


def test_the_seed_changes_every_draw():
    """And the mean over seeds is that of the definition; scores stay comparable."""
    x = exact.rows()[:64]
    one = scoring.reconstruction()({"x": x})
    other = scoring.of(ReconstructionProbability(), seed=1)({"x": x})
    assert (one.value != other.value).all()
    z = (one.value - other.value) / np.hypot(one.se, other.se)
    assert abs(z.mean()) < 4 / 8  # of 64 independent numbers


@pytest.mark.slow
def test_draws_go_on_until_each_row_is_certain():
    """Which is a matter of the row, not of what else is in its block."""
    x = exact.rows()[:40]
    score = ReconstructionProbability()
    options = {"num_samples": 32, "tolerance": 0.14, "max_samples": 200}
    scorer = scoring.of(score, **options)
    found = scorer({"x": x})
    stopped = found.num_samples < 200
    assert (found.se[stopped] <= 0.14).all()
    assert 0 < stopped.sum() < 40
    assert (found.num_samples[stopped] % 32 == 0).all()
    assert (found.num_samples >= 32).all()
    for place in (0, 5, 39):
        assert same(scorer({"x": x[[place]]}), found, [place])
    # One chunk is enough for a loose tolerance: the draws are those without one.
    loose = scoring.of(score, num_samples=32, tolerance=9.0)({"x": x})
    few = scoring.of(score, num_samples=32)({"x": x})
    assert (loose.num_samples == 32).all()
    np.testing.assert_allclose(loose.value, few.value, rtol=1e-6)


def test_moments_in_chunks_are_those_of_all_draws():
    """Against numpy in float64, of numbers far apart; the last chunk counts in part."""
    generator = np.random.default_rng(0)
    draws = (1000 + 3 * generator.normal(size=(3, 8))).astype(np.float32)
    kept = draws.ravel()[:19].astype(np.float64)
    for is_log, expected in (
        (False, (kept.mean(), kept.std(ddof=1) / np.sqrt(19))),
        (True, _log_mean(kept)),
    ):
        moments = nothing(draws[0], None, is_log)
        for chunk, values in enumerate(draws):
            valid = np.arange(8) + chunk * 8 < 19
            moments = ADDED(moments, values, None, valid, is_log)
        found = RESULT(moments, is_log)
        # The draws are float32 numbers of order 1000.
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-6)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-4)
        one = ADDED(nothing(draws[0], None, is_log), draws[0], None, ONE, is_log)
        assert RESULT(one, is_log)[1] == np.inf  # of one draw nothing is known


def _log_mean(values):
    weights = np.exp(values - values.max())
    error = weights.std(ddof=1) / np.sqrt(len(values)) / weights.mean()
    return -np.log(weights.mean()) - values.max(), error


def test_impossible_rows_are_infinitely_odd():
    """log p = -inf of some draws or of all: never NaN, and an error that says so."""
    for is_log in (False, True):
        for chunks in ([[-np.inf] * 8, [-np.inf] * 8], [[0.0, -np.inf] * 4] * 2):
            values = [np.array(c, np.float32) * (1 if is_log else -1) for c in chunks]
            moments = nothing(values[0], None, is_log)
            for value in values:
                valid = np.ones(len(value), bool)
                moments = ADDED(moments, value, None, valid, is_log)
            mean, error = RESULT(moments, is_log)
            finite = is_log and chunks[0][0] == 0.0
            np.testing.assert_allclose(mean, np.log(2) if finite else np.inf)
            assert np.isfinite(error) == finite
    # Possible but far below 1, after draws that were all impossible.
    late = nothing(np.zeros(8, np.float32), None, True)
    for value in (-np.inf, -200.0):
        late = ADDED(late, np.full(8, value, np.float32), None, ONE < 2, True)
    np.testing.assert_allclose(RESULT(late, True)[0], 200 + np.log(2), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"num_samples": 0}, "num_samples must be at least 1, got 0"),
        ({"block_size": 0}, "block_size must be at least 1, got 0"),
        ({"tolerance": 0.0}, "tolerance must be above 0, got 0.0"),
        ({"tolerance": 0.1, "max_samples": 3}, "max_samples must be at least num_sam"),
        ({"seed": -1}, "seed must lie between 0"),
    ],
)
def test_numbers_out_of_range(options, says):
    with pytest.raises(InputError, match=says):
        Scorer(None, {}, None, ReconstructionProbability(), **options)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({"x": np.zeros((2, 5))}, r"x must have shape \[N, 6\], got \(2, 5\)"),
        ({"x": np.zeros(6)}, r"x must have shape \[N, 6\], got \(6,\)"),
        ({"x": np.zeros((0, 6))}, "at least one row"),
        ({"x": np.full((3, 6), np.nan)}, "3 of 3 rows are not, the first row 0; hide"),
        ({"x": np.full((1, 6), 1e39)}, "x must be finite"),
        ({"x": np.zeros((2, 6)), "mask": np.ones((2, 5))}, "mask must have x's shape"),
        ({"x": np.zeros((2, 6)), "condition": np.ones(2)}, r"condition must be \[2, C"),
        ({"X": np.zeros((2, 6))}, r"a dict with an array .x. .*got \['X'\]"),
        (np.zeros((2, 6)), "a dict with an array .x. .*got a ndarray"),
    ],
)
def test_rows_that_do_not_fit(rows, says):
    scorer = Scorer(exact.model().model, {}, Identity(), ReconstructionProbability())
    with pytest.raises(InputError, match=says):
        scorer(rows)
    assert scorer._program._cache_size() == 0


def test_parameters_of_a_run_that_diverged_are_refused():
    variables = {"params": {"head": {"bias": np.array([0.0, np.nan])}}}
    with pytest.raises(InputError, match=r"of \['head'\]\['bias'\] are not: training"):
        Scorer(None, variables, Identity(), ReconstructionProbability())


def test_rows_beyond_float32_are_the_oddest():
    """What becomes inf - inf on the way is infinite too, and never NaN."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (6, 6))
    far = np.concatenate([1e30 * signs, 3e38 * signs])
    found = scoring.reconstruction()({"x": far})
    assert (found.value == np.inf).all()
    assert (found.se == np.inf).all()
    assert not np.isnan(found.attribution).any()


def test_progress_is_told_in_rows():
    done = []
    scoring.reconstruction()({"x": exact.rows()[:37]}, done.append)
    assert done == [16, 32, 37]
    assert jax.config.values["jax_enable_x64"] is False
