"""Where a data set comes from."""

import abc
import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import ClassVar

from vaex.data.dataset import Dataset
from vaex.data.remote_file import RemoteFile


@dataclass(frozen=True)
class Source(abc.ABC):
    """Where a data set comes from: a name, files and arguments.

    A subclass is a frozen dataclass in a file of its own; its fields are the
    arguments that a configuration may set. `vaex.data.catalogue` finds it.

    Attributes:
      name: what it is called on the command line, in snake case.
      about: one line on what it holds.
      files: the published files; empty where they are not downloaded.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    files: ClassVar[tuple[RemoteFile, ...]] = ()

    @abc.abstractmethod
    def load(self) -> Dataset:
        """Reads, checks and splits the data.

        Raises:
          InputError: if a file is absent, damaged or holds what cannot be used.
        """

    def fingerprints(self) -> tuple[str, ...]:
        """Digests of the data; known without reading them where they are fixed."""
        return tuple(file.sha256 for file in self.files)

    def arguments(self) -> dict[str, object]:
        """What besides the data decides what `load` gives."""
        return dataclasses.asdict(self)

    def checksum(self) -> str:
        """SHA-256 over the digests of the data and the arguments.

        >>> from vaex.data.digits import Digits
        >>> Digits(seed=0).checksum() == Digits(seed=1).checksum()
        False
        """
        parts = [self.name, self.fingerprints(), self.arguments()]
        text = json.dumps(parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
