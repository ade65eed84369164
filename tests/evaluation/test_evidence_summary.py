"""Entries of results: intervals, gaps, and the curve of a decoder in closed form."""

import json

import jax
import numpy as np
import pytest

from tests.evaluation.compiled import KEY, prepared
from tests.evaluation.test_annealing import SMALL, bias, exact_log_z, marginal, run
from tests.oracles.ppca import EVENT, LATENT, ppca
from vaex.evaluation.annealing import places
from vaex.evaluation.estimates import estimate
from vaex.evaluation.evidence_sandwich import make_annealed
from vaex.evaluation.evidence_summary import (
    rate_distortion_curve,
    summarize_annealed,
    summarize_sandwich,
    with_interval,
)
from vaex.evaluation.inference_gaps import make_gaps, summarize_gaps


def entries(gap):
    generator = np.random.default_rng(0)
    log_px, acceptance = generator.normal(-90.0, 5.0, 40), np.full(40, 0.7)
    ais = summarize_annealed(
        {"log_px": log_px, "acceptance": acceptance}, SMALL, 100,
        log_det=-7.0, importance_weighted=log_px - 2.0,
    )  # fmt: skip
    both = {"lower": log_px, "upper": log_px + gap, "acceptance": acceptance}
    return log_px, ais, summarize_sandwich(both, SMALL, 100, log_det=-7.0)


def test_means_are_of_the_data_and_a_wide_gap_is_an_interval():
    log_px, ais, bdmc = entries(gap=1.5)
    assert ais["value"] == pytest.approx(7.0 - log_px.mean())
    assert ais["se"] == pytest.approx(log_px.std(ddof=1) / np.sqrt(40))
    assert ais["importance_weighted"]["value"] == pytest.approx(ais["value"] + 2.0)
    assert (bdmc["value"], bdmc["se"]) == (pytest.approx(1.5), pytest.approx(0.0))
    assert bdmc["lower"]["value"] == pytest.approx(-ais["value"])
    wide = with_interval(ais, bdmc, 1.0)
    low, high = wide["interval"]
    assert high == ais["value"]
    assert high - low == pytest.approx(1.5)
    assert "interval" not in with_interval(ais, bdmc, 2.0)
    assert with_interval(ais, bdmc, 2.0)["gap"] == pytest.approx(1.5)
    json.dumps([wide, bdmc], allow_nan=False)


def test_what_is_not_finite_has_a_reason_and_no_interval():
    found = {"log_px": np.array([np.nan, 1.0]), "acceptance": np.ones(2)}
    ais = summarize_annealed(found, SMALL, 100)
    assert ais["reason"] == "not finite for 1 of 2 examples"
    assert "interval" not in with_interval(ais, entries(9.0)[2], 1.0)
    local = {"local_elbo": np.zeros(2), "start_elbo": np.zeros(2), "is_gaussian": True}
    bounds = {"ais": found["log_px"], "importance weights": np.ones(2)}
    gaps = summarize_gaps(local, np.zeros(2), bounds)
    assert (gaps["log_px_by"], gaps["inference"]["value"]) == ("importance weights", 1)


@pytest.mark.slow
def test_the_curve_is_the_decoders_own():
    """Of the tempered posteriors, Gaussians: KL(f_b || p(z)) and E log p(x|z)."""
    found = run(make_annealed, 200)
    points = rate_distortion_curve(found, SMALL, 200, log_det=2.0)
    slots, powers = places(SMALL, 200)
    np.testing.assert_allclose([p["inverse_temperature"] for p in points], powers)
    oracle = ppca(0.5, 1.5)
    head = oracle.variables["params"]["likelihood"]["projection"]
    kernel, (mean, _) = np.asarray(head["kernel"], np.float64), marginal()
    for slot, point, b in list(zip(slots, points, powers, strict=True))[::8]:
        precision = np.eye(LATENT) + b * kernel @ kernel.T / 0.16
        covariance = np.linalg.inv(precision)
        loc = (oracle.x - mean) @ kernel.T @ covariance * b / 0.16
        rate = 0.5 * (
            np.trace(covariance) + (loc**2).sum(1) - LATENT
            - np.linalg.slogdet(covariance)[1]
        )  # fmt: skip
        residual = ((oracle.x - mean - loc @ kernel) ** 2).sum(1)
        residual = residual + np.trace(kernel.T @ covariance @ kernel)
        distortion = 0.5 * residual / 0.16 + 0.5 * EVENT * np.log(2 * np.pi * 0.16)
        np.testing.assert_allclose(
            -exact_log_z(b) - b * distortion, rate, rtol=1e-6, atol=1e-6
        )
        error, size = bias(-found["curve_log_px_z"][:, slot] - distortion)
        assert abs(error) < 4 * size
        assert size < 0.1 * distortion.mean()
        assert point["distortion"] + 2.0 == pytest.approx(error + distortion.mean())
        # An upper bound; what noise the distortion has it has too, b times.
        assert -4 * b * size < point["rate"] - rate.mean() < 4 * b * size + 0.1
    last = points[-1]
    nll = -found["log_px"].mean() - 2.0
    assert last["rate"] + last["distortion"] == pytest.approx(nll, abs=1e-4)
    rates = [point["rate"] for point in points]
    assert rates[-1] > rates[20] > rates[0]


@pytest.mark.slow
def test_gaps_of_a_posterior_that_is_known_to_be_wrong():
    """The family holds p(z|x): the approximation gap is 0, the rest is the encoder."""
    oracle = ppca(0.5, 1.5)
    options = {"num_steps": 150, "num_samples": 4, "learning_rate": 0.1}
    function = jax.jit(make_gaps(oracle.model, prepared, **options))
    found = estimate(
        function, oracle.variables, KEY, {"x": oracle.x[:32]},
        num_samples=1, block_size=32,
    )  # fmt: skip
    assert found["is_gaussian"].all()
    log_px = {"exact": oracle.log_px[:32], "worse": oracle.log_px[:32] - 1.0}
    gaps = summarize_gaps(found, np.zeros(32), log_px)
    kl = LATENT * (0.5 * (1.5**2 + (0.5 * 1.5) ** 2 - 1) - np.log(1.5))
    assert gaps["log_px_by"] == "exact"
    assert gaps["approximation"]["value"] == pytest.approx(0.0, abs=2e-3)
    for name in ("amortisation", "inference"):
        one = gaps[name]
        assert abs(one["value"] - kl) < 4 * one["se"] < 0.2, name
    # Of another family its own ELBO counts.
    other = summarize_gaps(
        dict(found, is_gaussian=np.full(32, False)), oracle.log_px[:32] - 0.25, log_px
    )
    assert other["inference"]["value"] == pytest.approx(0.25)
