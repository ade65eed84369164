"""Estimates compiled once, and the models that several tests estimate."""

import functools

import jax

from tests.oracles.ppca import ppca
from vaex.evaluation.estimates import make_estimate

KEY = jax.random.key(7)


def prepared(key, stored):
    del key
    return stored


def sampled():
    """The oracle with a wrong posterior and a sampled KL."""
    oracle = ppca(0.5, 1.5)
    return oracle._replace(model=oracle.model.clone(closed_form_kl=False))


@functools.cache
def compiled(model, samples_per_chunk, preparation=prepared):
    return jax.jit(make_estimate(model, preparation, samples_per_chunk))
