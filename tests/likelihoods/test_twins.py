"""What the raw numbers of each head mean, by twins in float64; and its arguments.

A head in vaex/likelihoods/<stem>.py has a file twins/<stem>.py beside this one:
`CASES`, and `REFUSED`, pairs of a class and arguments of which the first cannot work.
"""

import functools
import importlib
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
import pytest

import vaex.likelihoods
from tests.contracts.compiled import quick_jit
from tests.contracts.discovery import classes
from tests.likelihoods.twin import Case
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood

DRAWS = 6
HEADS = sorted(
    {kind.__module__.split(".")[-1] for kind in classes(vaex.likelihoods, Likelihood)}
)
FILES = {file.stem for file in (Path(__file__).parent / "twins").glob("[!_]*.py")}
WITH_TWIN = sorted(FILES.intersection(HEADS))


def twins(stem: str) -> ModuleType:
    return importlib.import_module(f"tests.likelihoods.twins.{stem}")


def stating(field: str) -> list[str]:
    """The files with a case that says something of this kind."""
    return [s for s in WITH_TWIN if any(len(getattr(c, field)) for c in twins(s).CASES)]


def test_every_head_has_a_twin():
    assert sorted(FILES) == HEADS


def pairs(case: Case, raws: np.ndarray) -> np.ndarray:
    """[V, draws, *attribution_shape] by the twin."""
    rows = [[case.twin(raw, x) for raw in raws] for x in np.array(case.values)]
    return np.array(rows, np.float64)


@functools.cache
def computed(stem: str) -> list[dict[str, np.ndarray]]:
    """For each case raw numbers and what the head gives for them, in one program."""
    random, cases = np.random.default_rng(0), twins(stem).CASES
    raws = [
        2 * random.normal(size=(DRAWS, *case.head.raw_shape)).astype(np.float32)
        for case in cases
    ]

    def give(module, raw, case):
        elements = module.elements(None, raw=raw)
        x = np.array(case.values, np.float32)[:, None]
        found = {"scores": module.score(elements, x, None, train=False)}
        found |= {name: getattr(elements, name)() for name in case.moments}
        if len(case.masks):
            found["masked"] = [
                module.score(elements, x, np.broadcast_to(mask, x.shape), train=False)
                for mask in np.array(case.masks)
            ]
        return found

    @quick_jit
    def everything(raws):
        return [
            case.head.apply(
                {"params": dict(case.params), **case.collections},
                raw,
                case,
                method=give,
            )
            for case, raw in zip(cases, raws, strict=True)
        ]

    found = jax.device_get(everything(raws))
    return [
        {"raw": raw.astype(np.float64)} | part
        for raw, part in zip(raws, found, strict=True)
    ]


@pytest.mark.parametrize("stem", WITH_TWIN)
def test_raw_numbers_stand_for_the_stated_density(stem):
    for case, found in zip(twins(stem).CASES, computed(stem), strict=True):
        expected = pairs(case, found["raw"])
        # Float32 sums of a few terms, up to 20 of them for a joint density.
        np.testing.assert_allclose(
            found["scores"], expected, rtol=2e-5, atol=1e-5, err_msg=repr(case.head)
        )


@pytest.mark.parametrize("stem", stating("moments"))
def test_moments_are_those_of_the_twin(stem):
    for case, found in zip(twins(stem).CASES, computed(stem), strict=True):
        for name, twin in case.moments.items():
            expected = np.array([twin(raw) for raw in found["raw"]])
            # Float32 sums over components or levels.
            np.testing.assert_allclose(
                found[name], expected, rtol=2e-5, atol=1e-5, err_msg=name
            )


@pytest.mark.parametrize("stem", stating("masks"))
def test_a_mask_leaves_the_marginal_density(stem):
    for case, found in zip(twins(stem).CASES, computed(stem), strict=True):
        for mask, actual in zip(case.masks, found.get("masked", []), strict=True):
            expected = [
                [case.twin(raw, x, np.array(mask)) for raw in found["raw"]]
                for x in np.array(case.values)
            ]
            # As for the whole density.
            np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=1e-5)


REFUSED = [
    pytest.param(kind, arguments, id=f"{kind.__name__}-{arguments}")
    for stem in WITH_TWIN
    for kind, arguments in getattr(twins(stem), "REFUSED", [])
]


@pytest.mark.parametrize(("kind", "arguments"), REFUSED)
def test_arguments_that_cannot_work_are_refused(kind, arguments):
    (name, value), *_ = arguments.items()
    with pytest.raises(InputError, match=f"{name} must") as caught:
        kind(**arguments)
    assert str(value) in str(caught.value)
