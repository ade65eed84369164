"""Numerics hold for programs as users have them, which the tests' own options are not.

The compiler may fuse, reorder and contract what it optimises: a product that is exact
step by step may lose its low part. So what is held against scipy and mpmath is so once
more, in a process without those options.
"""

import os
import subprocess
import sys

import pytest

from tests.conftest import QUICK, ROOT, xla_flags

PLACES = [
    "tests/distributions",
    "tests/likelihoods/test_twins.py",
    # Vectors of several examples and what is left of them may be other instructions.
    "tests/evaluation/test_estimates.py",
    "tests/anomaly/test_scorer.py",
    "tests/sklearn/test_detector.py",
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "place",
    [pytest.param(p, marks=pytest.mark.xdist_group(f"optimised {p}")) for p in PLACES],
)
def test_optimised_programs_pass_the_fast_tests(place):
    line = [sys.executable, "-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider"]
    environment = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    found = subprocess.run(
        [*line, place],
        cwd=ROOT,
        env=environment | {"VAEX_TEST_COMPILER": "optimised"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-5000:]


def test_options_are_for_compilers_that_know_them_and_yield_to_those_given():
    version = max(QUICK)
    level = "--xla_backend_optimization_level="
    assert level + "0" in xla_flags("", "", version).split()
    given = xla_flags(f"--before {level}3", "", version).split()
    assert given[:2] == ["--before", level + "3"]
    assert level + "0" not in given
    assert xla_flags(level + "3", "optimised", version) == level + "3"
    assert xla_flags("", "", "0.0.1") == ""
