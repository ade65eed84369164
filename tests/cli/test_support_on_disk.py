"""The head's support is held against data on disk once, in blocks."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from vaex.cli import _check
from vaex.data.array import ArrayFile
from vaex.errors import Unfit
from vaex.io.parts import Parts
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.log_normal import LogNormal


class AsStored:
    """Values as they are."""

    def __call__(self, key, stored):
        del key
        return {**stored, "x": jnp.asarray(stored["x"])}

    def __repr__(self):
        return "AsStored()"


@pytest.fixture
def parts_of(tmp_path, monkeypatch):
    monkeypatch.setenv("VAEX_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(_check, "make_initial", lambda *given: lambda *given: 0)
    monkeypatch.setattr(_check, "ELEMENTS", 3 * 7)  # blocks of seven rows

    def build(x, head, mode=True):
        np.save(tmp_path / "x.npy", x)
        data = ArrayFile(str(tmp_path / "x.npy"), memory_map=mode).load()
        experiment = SimpleNamespace(hparams=dict)
        return Parts(data, data.spec(), AsStored(), head, experiment)

    return build


def test_it_is_held_once(parts_of, monkeypatch):
    seen = []

    def counted(self, values, mask=None):
        seen.extend(values)

    monkeypatch.setattr(Gaussian, "check_support", counted)
    x = np.random.default_rng(0).normal(size=(50, 3))
    parts = parts_of(x, Gaussian(event_shape=(3,)))
    _check.check(parts, 8)
    assert len(seen) == 50
    _check.check(parts, 8)
    assert len(seen) == 50
    _check.check(parts_of(x + 1, Gaussian(event_shape=(3,))), 8)
    assert len(seen) == 100


def test_what_is_wrong_is_said_each_time_and_as_in_memory(parts_of):
    x = np.random.default_rng(0).normal(size=(50, 3))
    said = []
    for mode in (True, True, False):
        with pytest.raises(Unfit, match="in the train split") as error:
            _check.check(parts_of(x, LogNormal(event_shape=(3,)), mode), 8)
        said.append(str(error.value))
    assert said[0] == said[1] == said[2]
