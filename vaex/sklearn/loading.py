"""Reading a saved estimator."""

from pathlib import Path
from typing import Any

from vaex.sklearn._saving import read


def load(path: str | Path) -> Any:
    """The estimator that `save` wrote: its scores are the same bits.

    Args:
      path: of the folder.

    Raises:
      InputError: if it is no estimator, or is damaged.
    """
    return read(Path(path))
