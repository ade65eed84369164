"""One finished run for the tests that read runs back."""

import pytest

from tests.io.runs import configuration, write_data
from vaex.cli._run import train


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The folder of a finished run, its data beside it, and its results."""
    folder = tmp_path_factory.mktemp("trained")
    write_data(folder / "X.npy")
    run = folder / "run"
    results = train(configuration(folder / "X.npy"), run)
    return run, results
