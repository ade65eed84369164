"""What names a run, and so what is the same run."""

import numpy as np
import pytest

from tests.cli.commands import TINY
from vaex.cli._configuration import run_name


@pytest.fixture
def name_of(composed):
    return lambda *words: run_name(composed(*words))


def test_the_name_is_of_what_matters(name_of, finished):
    assert finished.path.name == name_of(*TINY)
    assert name_of(*TINY, "run.root=elsewhere", "run.fresh=true") == name_of(*TINY)
    others = ("trainer.devices=all", "distributed.auto=true")
    assert name_of(*TINY, *others) == name_of(*TINY)
    lines = [
        (),
        ("seed=1",),
        ("data.seed=1",),
        ("likelihood.min_scale=0.1",),
        ("trainer.epochs=7",),
    ]
    assert len({name_of(*words) for words in lines}) == len(lines)


def test_the_name_is_of_the_data_and_not_of_where_they_are(name_of, tmp_path, table):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "x.npy", table)
    other = table.copy()
    other[0, 0] += 1
    np.save(tmp_path / "b" / "y.npy", other)
    names = [
        name_of("data=array", f"data.path={tmp_path / path}")
        for path in ("a/x.npy", "b/x.npy", "b/y.npy")
    ]
    assert names[0] == names[1] != names[2]
    path = f"data.path={tmp_path / 'a/x.npy'}"
    assert name_of("data=array", path, "data.test_fraction=0.2") != names[0]
