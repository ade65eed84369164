"""Small numerical helpers."""

import jax
import numpy as np
import pytest

from vaex.numerics import named_fold, seed_key


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("generator", ["threefry2x32", "rbg"])
def test_the_key_of_a_seed_is_that_of_jax(seed, generator):
    with jax.default_prng_impl(generator):
        found, wanted = seed_key(seed), jax.random.key(seed)
        assert found.dtype == wanted.dtype
        assert found.shape == ()
        for given in (lambda key: key, lambda key: named_fold(key, "train")):
            words = [jax.random.key_data(given(key)) for key in (found, wanted)]
            np.testing.assert_array_equal(*words)
