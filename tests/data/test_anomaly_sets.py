"""Data sets with known anomalies, against the published facts."""

import dataclasses

import numpy as np
import pytest

from vaex.data.adbench import ADBench
from vaex.data.digits import Digits
from vaex.data.kddcup99 import CLASSES, KDDCup99
from vaex.data.one_class import OneClass
from vaex.errors import InputError


@pytest.mark.usefixtures("data_folder")
@pytest.mark.parametrize(
    ("table", "rows", "columns", "anomalies"),
    [("thyroid", 3772, 6, 93), ("optdigits", 5216, 64, 150), ("wbc", 223, 9, 10)],
)
def test_a_table_of_adbench(table, rows, columns, anomalies):
    data = ADBench(table).load()
    train, test = data.splits["train"], data.splits["test"]
    assert train["x"].shape == ((rows - anomalies) // 2, columns)
    assert len(train["x"]) + len(test["x"]) == rows
    assert not train["label"].any()
    assert test["label"].sum() == anomalies
    assert data.num_levels is None
    assert data.checksum == ADBench(table).checksum()


def test_a_table_that_there_is_not():
    with pytest.raises(InputError, match="table must be one of annthyroid.*got 'x'"):
        ADBench("x")


@pytest.mark.slow
@pytest.mark.usefixtures("data_folder")
def test_kdd_cup_99():
    """Counts of the 10 % file by kind: 97278 normal connections and four of attack."""
    data = KDDCup99(train_fraction=0.5).load()
    train, test = data.splits["train"], data.splits["test"]
    counts = np.bincount(test["label"], minlength=len(CLASSES))
    assert counts[1:].tolist() == [391458, 4107, 1126, 52]
    assert counts[0] == len(train["x"]) == 97278 // 2
    assert data.event_shape == (118,)
    assert len(data.columns) == 118
    # One value of each of the three symbolic fields.
    np.testing.assert_array_equal(test["x"][:, 38:].sum(1), 3.0)
    assert data.columns[38] == "protocol_type=icmp"


def test_a_class_is_left_out():
    whole, data = Digits().load(), OneClass(Digits(), anomaly=3).load()
    test = whole.splits["test"]
    np.testing.assert_array_equal(data.splits["test"]["x"], test["x"])
    np.testing.assert_array_equal(data.splits["test"]["label"], test["label"] == 3)
    train = whole.splits["train"]
    kept = train["x"][train["label"] != 3]
    np.testing.assert_array_equal(data.splits["train"]["x"], kept)
    assert data.num_levels == whole.num_levels
    assert OneClass(Digits(), 3).checksum() != OneClass(Digits(), 4).checksum()
    assert OneClass(Digits(1), 3).checksum() != OneClass(Digits(), 3).checksum()


def test_a_class_that_there_is_not():
    with pytest.raises(InputError, match="anomaly must be the label of a class of dig"):
        OneClass(Digits(), anomaly=11).load()
    with pytest.raises(InputError, match="source must be a data source, got a str"):
        OneClass("mnist")  # pyright: ignore[reportArgumentType]


def test_labels_are_needed_in_every_split(monkeypatch):
    whole = Digits().load()
    splits = {**whole.splits, "test": {"x": whole.splits["test"]["x"]}}
    bare = dataclasses.replace(whole, splits=splits)
    monkeypatch.setattr(Digits, "load", lambda self: bare)
    with pytest.raises(InputError, match="digits, which has no labels in test"):
        OneClass(Digits(), anomaly=3).load()
