"""The verdict in words: what is called collapsed, ignored, at its floor."""

import pytest

from vaex.evaluation.verdict import health_in_words

REMEDIES = (
    "try objective/schedule=linear_warmup, objective=free_bits, a smaller latent_dim"
)


def rates(*values):
    return {"rate_per_group": {f"z{i}": value for i, value in enumerate(values)}}


@pytest.mark.parametrize(
    ("results", "says"),
    [
        (rates(*[3.0] * 14, 0.0, 0.0099), "healthy: 14 of 16 dimensions active"),
        (rates(1.0, 0.0), "healthy: 1 of 2 dimensions active"),
        (
            rates(*[1.0] * 3, *[0.001] * 29),
            f"collapsed: 29 of 32 dimensions carry less than 0.01 nats; {REMEDIES}",
        ),
        (
            rates(0.001, 0.002, 1.0) | {"active_units": {"value": 4, "of": 12}},
            f"collapsed: 2 of 3 variables carry less than 0.01 nats; {REMEDIES}",
        ),
        (rates(12.345), "healthy: z carries 12.3 nats"),
        (rates(0.0012), f"collapsed: z carries 0.0012 nats; {REMEDIES}"),
        (
            {"active_units": {"value": 5, "of": 5, "by_layer": {"z1": 3, "z2": 2}}},
            "healthy: active units 3 in z1, 2 in z2",
        ),
        (
            rates(3.0, 1e-5)
            | {"active_units": {"value": 3, "of": 5, "by_layer": {"z1": 3, "z2": 0}}},
            f"collapsed: no unit of z2 is active (3 in z1, 0 in z2); {REMEDIES}",
        ),
        (
            {"active_units": {"value": 14, "of": 16}},
            "healthy: 14 of 16 dimensions active",
        ),
        (
            {"active_units": {"value": 7, "of": 16}},
            "collapsed: 7 of 16 dimensions active; try a smaller latent_dim",
        ),
    ],
)
def test_use_of_the_dimensions(results, says):
    assert health_in_words(results) == [says]


def test_nothing_is_said_of_what_is_not_known():
    unknown = {"value": None, "reason": "none"}
    results = {"active_units": unknown, "shuffle_gap": unknown} | rates(None, 1.0)
    assert health_in_words(results | {"scale_at_floor": unknown}) == []


@pytest.mark.parametrize(
    ("gap", "unit", "loss", "is_said"),
    [
        (0.02, "nats/example", 90.0, True),
        (-0.02, "nats/example", 90.0, True),
        (0.11, "nats/example", 90.0, False),
        (0.02, "loss/example", 3.0, True),
        (0.02, "loss/example", 1.0, False),
    ],
)
def test_a_decoder_that_ignores_z(gap, unit, loss, is_said):
    entry = {"value": gap, "unit": unit, "loss": loss}
    words = health_in_words({"shuffle_gap": entry})
    says = f"the decoder ignores z: another example's z costs {gap:g} {unit}"
    assert words == ([says] if is_said else [])


def test_a_scale_at_its_floor():
    entry = {"value": 0.4, "min_scale": 0.001}
    says = (
        "the scale is at its floor likelihood.min_scale=0.001 in 40% of the elements: "
        "the density is unbounded; raise it"
    )
    assert health_in_words({"scale_at_floor": entry}) == [says]
    assert health_in_words({"scale_at_floor": entry}, is_bounded=True) == []
    assert health_in_words({"scale_at_floor": entry | {"value": 0.04}}) == []


def test_a_rate_that_tells_nothing_apart_is_no_health():
    results = rates(9.0, 8.0) | {"active_units": {"value": 0, "of": 2}}
    (says,) = health_in_words(results)
    assert says.startswith("wasted: 2 of 2 dimensions cost 17 nats, but no posterior")


@pytest.mark.parametrize(("distance", "is_said"), [(19.9, False), (20.0, True)])
def test_codes_far_from_the_prior_are_said(distance, is_said):
    results = {
        "active_units": {"value": 2, "of": 2},
        "marginal_kl": {"value": distance},
    }
    words = health_in_words(rates(9.0, 8.0) | results)
    assert words[0] == "healthy: 2 of 2 dimensions active"
    assert ("draws from the prior are no codes" in " ".join(words)) == is_said
