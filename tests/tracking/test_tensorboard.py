"""TensorBoard's event files, written by tensorboardX and read back record by record."""

import struct

import numpy as np
import pytest
from matplotlib.image import imsave
from tensorboardX.proto.event_pb2 import Event

from vaex.tracking.tensorboard import TensorBoard


def events(folder):
    """Events of all files in order: TFRecords, that is length, sum, bytes, sum."""
    for file in sorted((folder / "tensorboard").iterdir()):
        data, at = file.read_bytes(), 0
        while at < len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            event = Event()
            event.ParseFromString(data[at + 12 : at + 12 + length])
            yield event
            at += length + 16


def summaries(folder):
    return [(e.step, value) for e in events(folder) for value in e.summary.value]


def row(step, **values):
    return {"step": step, "epoch": step / 7, "split": "train", **values}


@pytest.fixture
def run(tmp_path):
    """A run of two attempts, and its figure."""
    imsave(tmp_path / "samples.png", np.full((5, 7, 4), 0.5))
    view = TensorBoard()
    view.start({"seed": 3}, tmp_path, None)
    view.row(row(10, loss=2.5, rate=None))
    view.row(row(10, split="test", elbo=-2.0) | {"split": "test"})
    view.stop("interrupted")
    view = TensorBoard()
    view.start({"seed": 3}, tmp_path, "some run")
    view.row(row(20, loss=1.5))
    view.figure("samples", tmp_path / "samples.png")
    view.results({"split": "test", "elbo": {"value": -1.25, "se": 0.5}, "note": "x"})
    view.stop("finished")
    return tmp_path


def test_scalars_and_results(run):
    found = [
        (v.tag, step, v.simple_value)
        for step, v in summaries(run)
        if v.HasField("simple_value")
    ]
    assert found == [
        ("train/loss", 10, 2.5),
        ("test/elbo", 10, -2.0),
        ("train/loss", 20, 1.5),
        ("results/test/elbo", 20, -1.25),
        ("results/test/elbo_se", 20, 0.5),
    ]


def test_the_configuration_is_there_once(run):
    texts = [v for _, v in summaries(run) if v.tag.startswith("config")]
    (text,) = [v.tensor.string_val[0].decode() for v in texts]
    assert '"seed": 3' in text


def test_figures(run):
    (found,) = [(step, v) for step, v in summaries(run) if v.HasField("image")]
    step, value = found
    assert (step, value.tag) == (20, "figures/samples")
    image = value.image
    assert (image.height, image.width, image.colorspace) == (5, 7, 3)


def test_rows_are_there_before_the_view_is_closed(tmp_path):
    view = TensorBoard()
    view.start({}, tmp_path, None)
    view.row(row(10, loss=2.5))
    view.flush()
    assert ("train/loss", 10) in [(v.tag, step) for step, v in summaries(tmp_path)]
    view.stop("failed")
