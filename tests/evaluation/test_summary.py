import json
import math

import numpy as np
import pytest

from vaex.evaluation.summary import ACTIVE_THRESHOLD, quick_health, summarize

N, G = 50, 3


def random_estimates():
    generator = np.random.default_rng(0)
    rate = generator.gamma(2.0, size=(N, G)).astype(np.float32)
    distortion = generator.normal(80.0, 5.0, N).astype(np.float32)
    return {
        "distortion": distortion,
        "rate": rate,
        "elbo": -(distortion + rate.sum(1)),
        "log_px": -(distortion + rate.sum(1)) + 2.0,
        "ess": generator.uniform(1, 8, N).astype(np.float32),
        "posterior_mean": generator.normal(size=(N, G)).astype(np.float32)
        * np.array([1.0, 0.5, 0.01], np.float32),
    }


def results_of(estimates, **options):
    settings = {"num_samples": 8, "num_elements": 20, "is_discrete": True} | options
    return summarize(estimates, **settings)


def standard_error(values):
    return np.std(np.asarray(values, np.float64), ddof=1) / math.sqrt(len(values))


def test_means_and_standard_errors_are_numpys():
    estimates, results = random_estimates(), results_of(random_estimates())
    expected = {
        "elbo": estimates["elbo"],
        "distortion": estimates["distortion"],
        "rate": estimates["rate"].sum(1),
        "nll": -estimates["log_px"],
    }
    for name, values in expected.items():
        found = results[name]
        assert found["value"] == pytest.approx(float(values.mean()), rel=1e-6), name
        assert found["se"] == pytest.approx(standard_error(values), rel=1e-6), name
        assert found["unit"] == "nats/example"
    assert results["num_examples"] == N
    assert results["nll"]["num_samples"] == 8
    assert results["nll"]["median_ess"] == pytest.approx(np.median(estimates["ess"]))
    by_group = dict(zip(("z0", "z1", "z2"), estimates["rate"].mean(0), strict=True))
    assert results["rate_per_group"] == pytest.approx(by_group, rel=1e-6)
    terms = results["distortion"]["value"] + results["rate"]["value"]
    assert results["elbo"]["value"] == pytest.approx(-terms, rel=1e-6)


def test_bits_per_dimension_are_nats_over_elements_and_log_two():
    results = results_of(random_estimates())
    scale = 20 * math.log(2)
    for name in ("value", "se"):
        assert results["bits_per_dim"][name] == pytest.approx(
            results["nll"][name] / scale
        )
    assert results["bits_per_dim"]["unit"] == "bits/dim"


def test_a_uniform_distribution_over_256_levels_has_8_bits():
    nats = np.full(4, -20 * math.log(256.0))
    results = results_of({"log_px": nats})
    assert results["bits_per_dim"]["value"] == pytest.approx(8.0)
    assert results["bits_per_dim"]["se"] == 0.0


def test_log_det_belongs_to_every_density_and_not_to_the_rate():
    plain = results_of(random_estimates())
    moved = results_of(random_estimates(), log_det=-4321.0)
    shifts = {"elbo": -4321.0, "distortion": 4321.0, "nll": 4321.0, "rate": 0.0}
    for name, shift in shifts.items():
        assert moved[name]["value"] - plain[name]["value"] == pytest.approx(
            shift, abs=1e-9
        )
        # In double precision: the spread does not drown in a large constant.
        assert moved[name]["se"] == pytest.approx(plain[name]["se"], rel=1e-9)


def test_a_density_has_no_bits():
    results = results_of(random_estimates(), is_discrete=False)
    assert results["bits_per_dim"]["value"] is None
    assert "dequantize" in results["bits_per_dim"]["reason"]


def test_a_loss_only_head_says_so_everywhere():
    loss = np.linspace(1.0, 2.0, N)
    results = results_of({"reconstruction_loss": loss, "rate": np.ones((N, G))})
    for name in ("elbo", "distortion", "nll", "bits_per_dim"):
        assert results[name]["value"] is None
        assert results[name]["se"] is None
        assert (
            results[name]["reason"] == "the likelihood head is a loss without a density"
        )
    assert results["reconstruction_loss"]["value"] == pytest.approx(1.5)
    assert results["reconstruction_loss"]["unit"] == "loss/example"
    assert results["rate"]["value"] == pytest.approx(G)


def test_without_a_posterior_density_there_is_a_distortion_and_nothing_else():
    distortion = np.linspace(1.0, 2.0, N)
    results = results_of({"distortion": distortion}, log_det=1.0)
    assert results["distortion"]["value"] == pytest.approx(0.5)
    for name in ("elbo", "rate", "nll", "bits_per_dim"):
        assert results[name]["value"] is None
        assert results[name]["reason"] == "the posterior or the prior has no density"
    assert results["active_units"]["value"] is None
    assert "no mean" in results["active_units"]["reason"]


def test_active_units_are_those_whose_mean_varies():
    results = results_of(random_estimates())["active_units"]
    assert results["value"] == 2
    assert results["of"] == G
    assert results["threshold"] == ACTIVE_THRESHOLD == 0.01
    assert results["se"] == 0.0  # far from the threshold: every resample agrees


def test_a_unit_at_the_threshold_is_uncertain():
    """Its variance exceeds the threshold in about half of the resamples."""
    values = np.random.default_rng(1).normal(size=(400, 1))
    values *= math.sqrt(ACTIVE_THRESHOLD) / values.std(0)
    units = results_of({"log_px": np.zeros(400), "posterior_mean": values})[
        "active_units"
    ]
    # A proportion near 1/2 has a standard deviation near 1/2.
    assert units["se"] == pytest.approx(0.5, abs=0.02)
    again = results_of({"log_px": np.zeros(400), "posterior_mean": values})
    assert again["active_units"] == units


def test_averaged_means_of_layers_count_without_their_error():
    """Variances 0.002 and 0.03 over x under an error of 0.03: 3 of 5 are active."""
    generator = np.random.default_rng(2)
    spread = np.sqrt([0.002, 0.03, 0.03, 0.002, 0.03])
    error = np.full((2000, 5), 0.03)
    exact = spread * generator.normal(size=error.shape)
    means = exact + np.sqrt(error) * generator.normal(size=error.shape)
    assert (means.var(0) > ACTIVE_THRESHOLD).all()
    layers, errors = (means[:, :3], means[:, 3:]), (error[:, :3], error[:, 3:])
    estimates = {
        "distortion": np.ones(2000),
        "posterior_mean": layers,
        "posterior_mean_variance": errors,
    }
    units = results_of(estimates)["active_units"]
    assert (units["value"], units["of"]) == (3, 5)
    assert units["by_layer"] == {"z0": 2, "z1": 1}
    named = results_of(estimates, kl_groups=("lower", "upper"))["active_units"]
    assert named["by_layer"] == {"lower": 2, "upper": 1}
    estimates["posterior_mean_variance"] = (error[:, :3], np.inf * error[:, 3:])
    units = results_of(estimates)["active_units"]
    assert units["value"] is None
    assert "means that are averages need two importance samples" in units["reason"]


def test_one_example_has_no_standard_error():
    estimates = {name: values[:1] for name, values in random_estimates().items()}
    results = results_of(estimates)
    for name in ("elbo", "nll", "bits_per_dim"):
        assert results[name]["value"] is not None
        assert results[name]["se"] is None
    assert results["active_units"]["value"] is None
    assert results["active_units"]["reason"] == "needs two examples"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_a_reason_and_not_a_number(bad):
    estimates = random_estimates()
    estimates["log_px"][:2] = bad
    estimates["rate"][3, 1] = bad
    results = results_of(estimates)
    assert results["nll"]["value"] is None
    assert results["nll"]["reason"] == f"not finite for 2 of {N} examples"
    assert results["bits_per_dim"]["reason"] == results["nll"]["reason"]
    assert results["rate"]["value"] is None
    assert results["rate_per_group"]["z1"] is None
    assert results["elbo"]["value"] is not None
    json.dumps(results, allow_nan=False)
    estimates["posterior_mean"][[3, 7], 1] = bad
    units = results_of(estimates)["active_units"]
    assert units["reason"] == f"not finite for 2 of {N} examples"


def test_results_are_json():
    assert json.loads(json.dumps(results_of(random_estimates()))) == results_of(
        random_estimates()
    )


def test_a_look_has_the_kl_by_name_and_the_active_units():
    estimates = random_estimates()
    found = quick_health(estimates, ("a", "b", "c"))
    rate = estimates["rate"].mean(0, dtype=np.float64)
    expected = {"kl/a": rate[0], "kl/b": rate[1], "kl/c": rate[2], "active_units": 2.0}
    assert found == pytest.approx(expected, rel=1e-6)
    assert all(type(value) is float for value in found.values())
    single = {name: values[:1] for name, values in estimates.items()}
    assert set(quick_health(single)) == {"kl/z0", "kl/z1", "kl/z2"}
    assert quick_health({"distortion": np.ones(3), "rate": np.ones((3, 1))}) == {}
