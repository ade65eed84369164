"""A labelled data set with one class held out as the anomaly."""

import dataclasses
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from vaex.data.dataset import Dataset
from vaex.data.digits import Digits
from vaex.data.source import Source
from vaex.errors import InputError


@dataclass(frozen=True)
class OneClass(Source):
    """Another data set without the examples of one class, which are the anomalies.

    Every split but the test split loses the class; the test split is whole, and its
    labels become 1 for the class and 0 for all others.

    Attributes:
      source: a data set with labels, all of it in memory.
      anomaly: the class, its label.

    >>> from vaex.data.digits import Digits
    >>> data = OneClass(Digits(), anomaly=3).load()
    >>> sorted(set(data.splits["test"]["label"].tolist()))
    [0, 1]
    """

    name: ClassVar[str] = "one_class"
    about: ClassVar[str] = "another data set, one class held out as the anomaly"

    source: Source = field(default_factory=Digits)
    anomaly: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.source, Source):
            raise InputError(
                f"source must be a data source, got a {type(self.source).__name__}; "
                "give data.source._target_=vaex.data.mnist.MNIST or another"
            )

    def fingerprints(self) -> tuple[str, ...]:
        """Those of the other data set."""
        return self.source.fingerprints()

    def arguments(self) -> dict[str, object]:
        """The class, and the other data set's name and arguments."""
        known = {"source": self.source.name, **self.source.arguments()}
        return {"of": known, "anomaly": self.anomaly}

    def load(self) -> Dataset:
        """Reads the other data set and takes the class out."""
        data = self.source.load()
        bare = [part for part, split in data.splits.items() if "label" not in split]
        train = data.splits["train"]
        classes = [] if bare else np.unique(np.asarray(train["label"])).tolist()
        if self.anomaly not in classes:
            there = f"has no labels in {', '.join(bare)}" if bare else f"has {classes}"
            raise InputError(
                f"anomaly must be the label of a class of {self.source.name}, which "
                f"{there}, got {self.anomaly!r}; give one of them, or another source"
            )
        splits = {}
        for part, split in data.splits.items():
            is_anomaly = (np.asarray(split["label"]) == self.anomaly).astype(np.int32)
            keep = np.arange(len(is_anomaly))
            if part != "test":
                keep = np.flatnonzero(is_anomaly == 0)
            splits[part] = {
                name: np.asarray(array)[keep] for name, array in split.items()
            } | {"label": is_anomaly[keep]}
        return dataclasses.replace(
            data,
            name=f"{data.name}_without_{self.anomaly}",
            splits=splits,
            checksum=self.checksum(),
            factors=None,
        )
