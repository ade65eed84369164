"""What the tests of the command line share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

TINY = (
    "trainer.steps=4",
    "encoder.hidden=[8]",
    "decoder.hidden=[8]",
    "latent_dim=3",
    "evaluation.num_samples=4",
    "evaluation.samples_per_chunk=4",
    "run.figures=false",
)


class Answer(NamedTuple):
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Answer]


class Finished(NamedTuple):
    """A finished run of the default data."""

    root: Path
    path: Path
    answer: Answer


def only_run(root: Path) -> Path:
    """The one run directory in a folder."""
    (path,) = (p for p in root.iterdir() if p.is_dir())
    return path


def read(path: Path) -> dict:
    """A file of JSON."""
    return json.loads(path.read_text())
