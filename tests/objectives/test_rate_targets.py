"""Objectives that ask something of the rate: a target, or a floor for each group."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.objectives.test_elbo import Fixed, example_terms, twice
from vaex.errors import InputError
from vaex.objectives.capacity import controlled_capacity
from vaex.objectives.evidence_lower_bound import elbo
from vaex.objectives.ledger import ledger_of
from vaex.objectives.minimum_rate import free_bits
from vaex.training.hparams import numeric_parameters
from vaex.training.schedules import cyclic, linear_warmup

KL = np.array([[0.1, 2.0], [0.3, 4.0], [0.2, 0.0], [1.0, 2.0]], np.float32)
TERMS = example_terms()._replace(kl=jnp.asarray(KL)[None])
DISTORTION = -np.asarray(TERMS.log_px_z, np.float64).mean()
RATE = 2.4

OBJECTIVES = [
    functools.partial(elbo, beta=3.0, schedule=linear_warmup(5)),
    functools.partial(controlled_capacity, capacity=5.0),
    functools.partial(free_bits, minimum=1.0),
]


def loss_of(objective, **options):
    return float(objective(Fixed(TERMS), {}, train=True, **options)[0])


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda f: f.func.__name__)
def test_the_loss_changes_and_the_ledger_does_not(objective):
    loss, ledger = objective(Fixed(TERMS), {}, train=True)
    plain = ledger_of(TERMS)
    assert set(ledger) == set(plain)
    for name in plain:
        np.testing.assert_array_equal(ledger[name], plain[name])
    assert abs(float(loss) + float(plain["elbo"])) > 0.1


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda f: f.func.__name__)
def test_a_duplicated_batch_has_the_same_loss(objective):
    one = objective(Fixed(TERMS), {}, train=True)[0]
    two = objective(Fixed(twice(TERMS)), {}, train=True)[0]
    assert float(one) == pytest.approx(float(two), rel=1e-6)


def test_free_bits_floor_the_batch_mean_of_each_group():
    # Means by group 0.4 and 2.0; floors on single examples would give 1.2 + 2.3.
    close = functools.partial(pytest.approx, rel=1e-5)
    assert loss_of(free_bits, minimum=1.0) == close(DISTORTION + 1.0 + 2.0)
    assert loss_of(free_bits, minimum=3.0) == close(DISTORTION + 6.0)
    assert loss_of(free_bits, minimum=0.0) == close(DISTORTION + RATE)


def test_capacity_is_the_distance_of_the_mean_rate_from_the_target():
    run = functools.partial(loss_of, controlled_capacity, gamma=10.0)
    close = functools.partial(pytest.approx, rel=1e-5)
    assert run(capacity=1.4) == close(DISTORTION + 10.0)
    assert run(capacity=3.4) == close(DISTORTION + 10.0)
    assert run(capacity=RATE) == pytest.approx(DISTORTION, abs=1e-4)
    assert loss_of(controlled_capacity, gamma=1.0, capacity=0.0) == close(
        DISTORTION + RATE
    )


@pytest.mark.parametrize("step", [0, 3, 20])
def test_schedules_multiply_beta_and_the_capacity(step):
    ramp = linear_warmup(8)
    share = min(1.0, (step + 1) / 8)
    close = functools.partial(pytest.approx, rel=1e-5)
    warm = loss_of(elbo, beta=2.0, schedule=ramp, step=step)
    assert warm == close(DISTORTION + 2.0 * share * RATE)
    held = loss_of(
        controlled_capacity, gamma=7.0, capacity=4.0, schedule=ramp, step=step
    )
    assert held == close(DISTORTION + 7.0 * abs(RATE - 4.0 * share))
    cycled = loss_of(elbo, beta=2.0, schedule=cyclic(8), step=step)
    assert cycled == close(DISTORTION + 2.0 * min(1.0, step % 8 / 4) * RATE)


def test_weights_and_the_step_are_traced_once():
    assert numeric_parameters(free_bits) == {"minimum": 0.5}
    assert numeric_parameters(controlled_capacity) == {
        "gamma": 1000.0,
        "capacity": 25.0,
    }
    traces = []

    @quick_jit
    def losses(a, b, step):
        traces.append(step)
        ramp = linear_warmup(3)
        return (
            elbo(Fixed(TERMS), {}, train=True, beta=a, schedule=ramp, step=step),
            free_bits(Fixed(TERMS), {}, train=True, minimum=a),
            controlled_capacity(
                Fixed(TERMS),
                {},
                train=True,
                gamma=a,
                capacity=b,
                schedule=ramp,
                step=step,
            ),
        )

    found = [losses(*values) for values in ((0.0, 1.0, 0), (2.0, 9.0, 4))]
    assert len(traces) == 1
    for before, after in zip(*found, strict=True):
        assert float(before[0]) != float(after[0])


@pytest.mark.parametrize("objective", [free_bits, controlled_capacity])
def test_a_rate_that_does_not_exist_is_refused(objective):
    terms = TERMS._replace(log_qz_x=None, kl=None)
    with pytest.raises(InputError, match="a posterior and a prior with a density"):
        objective(Fixed(terms), {}, train=True)
    with pytest.raises(InputError, match="num_samples .* at least 1, got 0"):
        objective(Fixed(TERMS), {}, train=True, num_samples=0)
