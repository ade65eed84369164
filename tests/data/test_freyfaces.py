"""Frey faces against the published facts."""

import hashlib

import numpy as np
import pytest
import scipy.io

from vaex.data.catalogue import status
from vaex.data.freyfaces import FreyFaces
from vaex.errors import InputError

SHA256 = "2438ba4f0d2a6bd8bac43de756141eaa33c8d248dd613d464bdb1210d9b7af78"


@pytest.mark.usefixtures("data_folder")
def test_the_frames_and_the_split_of_the_reference_numbers():
    data = FreyFaces().load()
    train, test = data.splits["train"]["x"], data.splits["test"]["x"]
    assert train.shape == (1600, 28, 20)
    assert test.shape == (365, 28, 20)
    assert data.num_levels == 256
    assert (train.min(), train.max()) == (8, 238)
    order = np.random.RandomState(0).permutation(1965)
    frames = np.empty((1965, 28, 20), np.uint8)
    frames[order] = np.concatenate([train, test])
    assert hashlib.sha256(frames.tobytes()).hexdigest() == SHA256
    # Neighbouring rows are alike (46 if read as 20x28), and so are frames in time.
    wide = frames.astype(np.float64)
    assert np.abs(np.diff(wide, axis=1)).mean() < 20
    assert np.abs(np.diff(wide, axis=0)).mean() < 13


def test_other_frames_are_not_taken_for_them(tmp_path, monkeypatch):
    monkeypatch.setenv("VAEX_DATA", str(tmp_path))
    (tmp_path / "freyfaces").mkdir()
    path = tmp_path / "freyfaces" / "frey_rawface.mat"
    for variables in ({"ff": np.zeros((560, 1965), np.uint8)}, {"gg": np.zeros(3)}):
        scipy.io.savemat(path, variables)
        with pytest.raises(InputError, match="delete it, or run `vaex data fetch frey"):
            FreyFaces().load()
    path.write_bytes(path.read_bytes()[:150])
    assert status(FreyFaces) == "damaged"
