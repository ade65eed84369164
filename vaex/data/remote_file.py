"""A published file, known by its checksum."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vaex.data._streams import opened
from vaex.errors import InputError


@dataclass(frozen=True)
class RemoteFile:
    """A published file, known by its checksum.

    A file published as it is may lie in the data folder gzipped, as `path` + ".gz".

    Attributes:
      path: in the data folder, "mnist/t10k-labels-idx1-ubyte.gz"; its first part is
        the source's name with hyphens.
      urls: where to download it, tried in order.
      sha256: hexadecimal, of the published bytes, or what `digest` gives.
      digest: path -> hexadecimal digest, for a file whose content is known but not
        its bytes.
    """

    path: str
    urls: tuple[str, ...]
    sha256: str
    digest: Callable[[Path], str] | None = None

    def fault(self, path: Path) -> str:
        """Why the file at `path` is not this one; empty where it is.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "a").write_bytes(b"1")
        ...     RemoteFile("a", (), "0" * 64).fault(Path(folder, "a"))[:20]
        'sha256 must be 00000'
        """
        stat = path.stat()
        try:
            got = _digest(self, path, stat.st_size, stat.st_mtime_ns)
        except InputError as error:
            return str(error)
        if got == self.sha256:
            return ""
        return f"sha256 must be {self.sha256}, got {got} ({stat.st_size} bytes)"


@cache
def _digest(file: RemoteFile, path: Path, size: int, modified: int) -> str:
    """Remembered while the process lives, for as long as the file stays as it is."""
    if file.digest is not None:
        return file.digest(path)
    return sha256_of(path, path.suffix == ".gz" and not file.path.endswith(".gz"))


def sha256_of(path: Path, decompress: bool = False) -> str:
    """Hexadecimal SHA-256 of a file's bytes, or of what its .gz holds.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a").write_bytes(b"")
    ...     sha256_of(Path(folder, "a"))[:8]
    'e3b0c442'
    """
    if not decompress:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    total = hashlib.sha256()
    with opened(path) as stream:
        while block := stream.read(1 << 20):
            total.update(block)
    return total.hexdigest()
