"""Objective, estimator, prior, posterior, model and head: every two of them together.

Options are those of conf/ and of `vaex.bounds.estimators`. A combination either trains
two steps or is refused before anything compiles, with a message that names its parts;
nothing here knows which. What models refuse as they are built is found first and left
out of the covering array, so that it hides no other pair; what an objective refuses is
tried again with one part exchanged for a default, for the same reason.
"""

import functools
import itertools
from typing import Any

import numpy as np
import pytest

from tests.contracts.attempts import (
    BUILT,
    DEFAULTS,
    ESTIMATORS,
    HEADS,
    B,
    assert_names_its_parts,
    attempt,
    configuration,
    first,
    objective_node,
)
from tests.contracts.covering import Row, all_pairs, covering_rows, pairs_of
from tests.contracts.test_configs import composed, options
from vaex.cli._check import check
from vaex.errors import InputError
from vaex.io.parts import assemble


@pytest.fixture(scope="module")
def bits(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("data") / "bits.npy"
    np.save(path, np.random.RandomState(0).randint(0, 2, (2 * B, 3)).astype(np.uint8))
    return str(path)


@pytest.fixture(scope="module")
def refused(bits) -> dict[tuple[str, ...], str]:
    """Posterior, prior and model that are not built, with the message."""
    rest = {"objective": "elbo", "estimator": None, "head": HEADS[0]}
    messages = {}
    for parts in itertools.product(*map(first, BUILT)):
        try:
            assemble(configuration(rest | dict(zip(BUILT, parts, strict=True)), bits))
        except InputError as error:
            messages[parts] = str(error)
    return messages


@pytest.fixture(scope="module")
def factors() -> dict[str, list[Any]]:
    """Name -> options, in the order in which rows are filled."""
    return {
        "objective": options("objective"),
        "posterior": first("posterior"),
        "estimator": [None, *ESTIMATORS],
        "prior": first("prior"),
        "model": first("model"),
        "head": HEADS,
    }


@pytest.fixture(scope="module")
def allowed(refused):
    """Whether some model is built of a row's parts, its estimator one to be chosen."""
    built = set(itertools.product(*map(first, BUILT))) - set(refused)
    chooses = {o: "estimator" in objective_node(o) for o in options("objective")}

    @functools.cache
    def is_built(*parts: str | None) -> bool:
        return any(
            all(a in (None, b) for a, b in zip(parts, triple, strict=True))
            for triple in built
        )

    def judge(row: Row) -> bool:
        if {"objective", "estimator"} <= set(row):
            chosen = row["estimator"] is not None
            if chosen != chooses[row["objective"]]:
                return False
        return is_built(*(row.get(slot) for slot in BUILT))

    return judge


@pytest.fixture(scope="module")
def rows(factors, allowed) -> list[Row]:
    return covering_rows(factors, allowed)


def test_covering_rows_hold_every_allowed_pair():
    factors = {"a": range(5), "b": "xyz", "c": [None, 1], "d": [True, False]}

    def allowed(row: Row) -> bool:
        return not (row.get("a") == 2 and row.get("b") in ("x", "y"))

    found = covering_rows(factors, allowed)
    every = [pair for row in found for pair in pairs_of(row)]
    assert set(every) == all_pairs(factors, allowed)
    assert len(set(every)) == 5 * 3 + 5 * 2 * 2 + 3 * 2 * 2 + 2 * 2 - 2
    assert len(found) < 20
    assert found == covering_rows(factors, allowed)


@pytest.mark.slow
def test_the_rows_hold_every_pair(rows, factors, allowed):
    wanted = all_pairs(factors, allowed)
    assert set().union(*map(pairs_of, rows)) == wanted
    assert all(allowed(row) for row in rows)
    assert len(rows) < 1.2 * len(factors["objective"]) * len(factors["posterior"])


@pytest.mark.slow
def test_what_is_not_built_says_which_parts_do_not_go_together(refused):
    for parts, message in refused.items():
        row = dict(zip(BUILT, parts, strict=True))
        config = {slot: composed(f"{slot}={row[slot]}")[slot] for slot in BUILT}
        assert_names_its_parts(message, config, row)


@pytest.mark.slow
def test_every_part_is_built_with_some_other(refused):
    built = set(itertools.product(*map(first, BUILT))) - set(refused)
    for slot, found in zip(BUILT, zip(*built, strict=True), strict=True):
        assert set(found) == set(first(slot))


BASE = {
    "objective": "iwae",
    "posterior": "diagonal_gaussian",
    "estimator": "reparameterised",
    "prior": "standard_gaussian",
    "model": "vae",
    "head": HEADS[0],
}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_has_a_partner(bits, estimator):
    check(assemble(configuration(BASE | {"estimator": estimator}, bits)), B)


@pytest.mark.parametrize(
    "change",
    [
        {"head": HEADS[1]},
        {"posterior": "deterministic"},
        {"posterior": "planar_flow", "estimator": "doubly_reparameterised"},
        {"posterior": "categorical", "prior": "categorical"},
    ],
    ids=lambda change: ",".join(change.values()),
)
def test_known_impossible_combinations_are_refused(bits, change):
    row = BASE | change
    config = configuration(row, bits)
    with pytest.raises(InputError) as caught:
        check(assemble(config), B)
    assert_names_its_parts(str(caught.value), config, row)


def exchanged(row: Row, allowed: Any) -> list[Row]:
    """The row with one part other than objective and posterior set to a default."""
    own = objective_node(row["objective"]).get("estimator", "").rpartition(".")[2]
    defaults = DEFAULTS | {"estimator": own or None}
    changed = [row | {slot: option} for slot, option in defaults.items()]
    return [other for other in changed if other != row and allowed(other)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective",
    [
        pytest.param(option, marks=pytest.mark.xdist_group(f"combinations {option}"))
        for option in options("objective")
    ],
)
def test_a_combination_trains_or_is_refused(rows, allowed, bits, objective):
    outcomes: dict[str, bool] = {}

    def trained(row: Row) -> bool:
        name = " ".join(str(option) for option in row.values())
        if name not in outcomes:
            outcomes[name] = attempt(row, bits)
        return outcomes[name]

    for row in rows:
        if row["objective"] == objective and not trained(row):
            any(trained(other) for other in exchanged(row, allowed))
    assert any(outcomes.values())
