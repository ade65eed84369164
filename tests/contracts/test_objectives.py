"""Every option of conf/objective keeps the contract: a new file needs no new test."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.contracts.test_configs import composed, options, smaller
from vaex.io.construction import construct
from vaex.objectives.evidence_lower_bound import elbo
from vaex.objectives.ledger import ledger_of
from vaex.testing._objective_properties import examples_are_logged_alone
from vaex.testing._objective_subject import B, Subject
from vaex.testing._outcome import tried
from vaex.testing._weight_properties import WEIGHT_PROPERTIES
from vaex.testing.objective_contract import check_objective
from vaex.training.hparams import arguments
from vaex.training.state import step_rngs

FACTS = {"num_examples": 10 * B}


@pytest.mark.parametrize("option", options("objective"))
def test_an_objective_keeps_the_contract(option):
    node = smaller(composed(f"objective={option}")["objective"])
    objective = construct(node, "objective", FACTS)
    outcomes = check_objective(objective, verbose=False, weights=False)
    assert len(outcomes) == 8


@pytest.mark.slow
@pytest.mark.parametrize("option", options("objective"))
def test_an_objective_weighs_examples_or_refuses_to(option):
    node = smaller(composed(f"objective={option}")["objective"])
    subject = Subject(construct(node, "objective", FACTS))
    for check in WEIGHT_PROPERTIES:
        outcome = tried(check.__name__, check, subject)
        assert outcome.verdict != "failed", outcome
        if outcome.verdict == "not applicable":
            assert f"{option} takes no example weights" in outcome.detail


def twice(model, batch, *, train):
    model.terms(batch, num_samples=1, train=train)
    return elbo(model, batch, train=train)


def weighted_ledger(model, batch, *, train):
    loss, metrics = elbo(model, batch, train=train)
    return loss, {**metrics, "elbo": metrics["elbo"] - metrics["rate"]}


def per_example(model, batch, *, train):
    terms = model.terms(batch, num_samples=1, train=train)
    return -terms.log_px_z.mean(), {**ledger_of(terms), "z": terms.z}


def not_finite(model, batch, *, train):
    loss, metrics = elbo(model, batch, train=train)
    return jnp.log(loss - loss), metrics


def unweighted(model, batch, *, train):
    batch = {name: array for name, array in batch.items() if name != "weight"}
    return elbo(model, batch, train=train)


def summing(model, batch, *, train):
    loss, metrics = elbo(model, batch, train=train)
    return loss * batch.get("weight", jnp.ones(1)).mean(), metrics


def squaring(model, batch, *, train):
    if "weight" in batch:
        batch = {**batch, "weight": batch["weight"] ** 2}
    return elbo(model, batch, train=train)


def frozen(model, batch, *, train):
    terms = model.terms(batch, num_samples=1, train=train)
    return terms.kl.mean(), ledger_of(terms)


def peeking(model, batch, *, train):
    loss, metrics = elbo(model, batch, train=train)
    return loss + batch["x"].mean(), metrics


def mixing(model, batch, *, train):
    loss, metrics = elbo(model, batch, train=train)
    mixed = {name: value + batch["x"].mean() ** 2 for name, value in metrics.items()}
    return loss, mixed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (twice, "terms is called 2 times"),
        (weighted_ledger, "the ledger is the plain one: elbo"),
        (per_example, r"z has shape \(1, 6, 2\), not \(\)"),
        (not_finite, "loss is -inf"),
        (peeking, "loss where hidden cells are flipped"),
        (mixing, "examples are logged alone: elbo"),
        (unweighted, "weight 0 is absence: loss where .* flipped"),
        (summing, "equal weights change nothing: loss where all are 0.5"),
        (squaring, "weight 2 counts twice: elbo where half is of weight 2"),
        (frozen, r"the gradient of p\(x\|z\) is 0"),
    ],
    ids=lambda case: getattr(case, "__name__", None),
)
def test_what_breaks_the_contract_is_named(wrong, reason):
    with pytest.raises(AssertionError, match=reason):
        check_objective(wrong, verbose=False)


@pytest.mark.slow
@pytest.mark.parametrize("option", options("objective"))
def test_a_batch_that_holds_each_example_twice_has_the_same_loss(option):
    """In the mean over keys, where the loss is one of single examples.

    Which losses are so is measured by what exchanging halves of the batch changes.
    """
    node = smaller(composed(f"objective={option}")["objective"])
    subject = Subject(construct(node, "objective", FACTS))
    if "whole" in examples_are_logged_alone(subject):
        pytest.skip("the loss weighs the batch as a whole")
    root, bound = subject.experiment.root()
    weights = {**bound, **arguments(subject.hparams, "objective")}
    x, variables = subject.batch["x"], {"params": subject.state.params}

    def losses(x):
        def one(key):
            rngs = step_rngs(key)
            return root.apply(
                variables, {"x": x}, train=True, weights=weights, step=3, rngs=rngs
            )[0]

        keys = jax.random.split(jax.random.key(len(x)), 2000)
        return np.asarray(quick_jit(lambda: jax.lax.map(one, keys, batch_size=100))())

    single, double = losses(x), losses(jnp.concatenate([x, x]))
    error = np.sqrt((single.var(ddof=1) + double.var(ddof=1)) / 2000)
    assert abs(single.mean() - double.mean()) < 4.5 * error + 1e-5
    # The error is small beside what a sum over examples would have.
    assert 5 * error < abs(single.mean())
