"""A data set: named splits of checked arrays, in memory or on disk."""

from dataclasses import dataclass

import numpy as np

from vaex.data._checks import Splits, checked
from vaex.data._moments import moments
from vaex.data.factors import Factors
from vaex.data.keeping import kept
from vaex.data.rows import Rows
from vaex.data.spec import Spec
from vaex.errors import InputError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Named splits of checked arrays, in memory or `vaex.data.rows.Rows` on disk.

    Attributes:
      name: what it is called in reports.
      splits: "train", "test" and perhaps "validation" -> "x" [N, *E] (uint8 for
        levels, float32 for real values) and perhaps "label" [N] int32, "mask"
        [N, *E] bool (True where observed), "condition" [N, C] float32 and "weight"
        [N] float32, not negative (what examples count in training; held-out bounds
        are plain means). Every array is C-contiguous. Masked values may be anything.
      num_levels: x holds the integers 0 to num_levels - 1; None for real values.
      checksum: of the data and of how they were split.
      columns: names along the last axis of x; empty where there are none.
      factors: what the examples were made from, where it is known; never in a batch.

    Raises:
      InputError: if the splits do not agree, are empty, or hold a value out of
        range or not finite: the split, row and column, and how many in all.

    >>> import numpy as np
    >>> x = np.array([[0, 1], [0, 3], [0, 2]], np.uint8)
    >>> data = Dataset("tiny", {"train": {"x": x}, "test": {"x": x[:1]}}, 4, "")
    >>> data.event_shape, data.spec().train_mean.tolist()
    ((2,), [0.0, 2.0])
    """

    name: str
    splits: Splits
    num_levels: int | None
    checksum: str
    columns: tuple[str, ...] = ()
    factors: Factors | None = None

    def __post_init__(self) -> None:
        splits = checked(self.splits, self.num_levels, self.columns)
        object.__setattr__(self, "splits", splits)
        if self.factors is None:
            return
        rows = {name: len(split["x"]) for name, split in splits.items()}
        known = {name: len(values) for name, values in self.factors.values.items()}
        if rows != known:
            raise InputError(
                f"factors must have a row for each of x in every split, {rows}, got "
                f"{known}"
            )

    @property
    def event_shape(self) -> tuple[int, ...]:
        """E, the shape of one example."""
        return self.splits["train"]["x"].shape[1:]

    def spec(self) -> Spec:
        """Shapes and statistics of the stored values.

        Returns:
          Mean and standard deviation over the observed values of the training
          split, summed in float64; exactly 0 spread for a constant element.
        """
        train = self.splits["train"]
        mean, std = self._moments(train["x"], train.get("mask"))
        return Spec(
            event_shape=self.event_shape,
            num_classes=self.num_levels,
            condition_dim=train["condition"].shape[1] if "condition" in train else 0,
            train_mean=mean,
            train_std=std,
        )

    def _moments(
        self, x: np.ndarray, mask: np.ndarray | None
    ) -> tuple[np.ndarray, ...]:
        """Kept where x is on disk, as two passes over it may take hours."""
        if not isinstance(x, Rows) or not self.checksum:
            return moments(x, mask)
        key = ["moments", 1, self.checksum]
        found = kept(
            key, lambda: dict(zip(("mean", "std"), moments(x, mask), strict=True))
        )
        return found["mean"], found["std"]
