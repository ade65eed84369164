"""Scorers compiled once for all tests."""

import functools

from tests.anomaly.exact import model
from vaex.anomaly.reconstruction_probability import ReconstructionProbability
from vaex.anomaly.scorer import Scorer
from vaex.preparations.identity import Identity


def of(score, **options) -> Scorer:
    oracle = model()
    return Scorer(oracle.model, oracle.variables, Identity(), score, **options)


@functools.cache
def reconstruction() -> Scorer:
    return of(ReconstructionProbability(), num_samples=64, block_size=16)
