"""Files of published data sets: found in the data folder, checked, downloaded."""

import logging
import os
import tempfile
from pathlib import Path

from vaex.data.remote_file import RemoteFile
from vaex.errors import InputError


def data_folder() -> Path:
    """The folder $VAEX_DATA, else `vaex` in the platform's cache folder.

    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, VAEX_DATA="/data"):
    ...     data_folder().as_posix()
    '/data'
    """
    if given := os.environ.get("VAEX_DATA"):
        return Path(given).expanduser().absolute()
    import pooch

    return Path(pooch.os_cache("vaex"))


def state(file: RemoteFile) -> str:
    """Whether the file is "ready", "missing" or "damaged"; nothing is downloaded.

    >>> state(RemoteFile("nowhere/at-all", (), ""))
    'missing'
    """
    path = _present(file)
    if path is None:
        return "missing"
    return "damaged" if file.fault(path) else "ready"


def require(file: RemoteFile) -> Path:
    """The file's path, checked; downloaded first where it is absent.

    Raises:
      InputError: if the file is damaged (its path, the checksums and the fix), or
        absent and not to be had (the addresses, and where to put it by hand).

    >>> from unittest.mock import patch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a").write_bytes(b"")
    ...     with patch.dict(os.environ, VAEX_DATA=folder):
    ...         require(RemoteFile("a", (), "e3b0c44298fc1c149afbf4c8996fb924"
    ...                            "27ae41e4649b934ca495991b7852b855")).name
    'a'
    """
    path = _present(file)
    if path is None:
        return download(file)
    if fault := file.fault(path):
        name = file.path.split("/")[0].replace("-", "_")
        raise InputError(
            f"{path} is damaged: {fault}; delete it, or run `vaex data fetch {name}` "
            "to download it again"
        )
    return path


def download(file: RemoteFile) -> Path:
    """Downloads the file into the data folder, in place of what is there.

    It takes its name only when it is whole and its checksum is right.

    Args:
      file: what to download.

    Returns:
      Its path.

    Raises:
      InputError: if no address gives it, or the folder cannot be written.
    """
    folder, target = data_folder(), data_folder() / file.path
    by_hand = f"put the file by hand at {target}, or set VAEX_DATA to another folder"
    where = ", ".join(file.urls) or "no known address"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-")
    except OSError as error:
        raise InputError(
            f"{file.path} is not in the data folder, and {folder} cannot be written "
            f"({error.strerror}); get it from {where} and {by_hand}"
        ) from error
    failures = []
    with scratch as name:
        for url in file.urls:
            try:
                received = _retrieve(url, Path(name))
            except (OSError, ValueError) as error:
                failures.append(f"{url} ({type(error).__name__})")
                continue
            if fault := file.fault(received):
                failures.append(f"{url} ({fault})")
                received.unlink()
                continue
            return received.replace(target)
    raise InputError(
        f"{file.path} is not in the data folder {folder} and could not be downloaded "
        f"from {', '.join(failures) or where}; {by_hand} that has it"
    )


def _present(file: RemoteFile) -> Path | None:
    path = data_folder() / file.path
    candidates = (path, path.with_name(path.name + ".gz"))
    return next((entry for entry in candidates if entry.is_file()), None)


def _retrieve(url: str, folder: Path) -> Path:
    """Downloads one address; the checksum is tested by the caller."""
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        name = Path(url).name
        return Path(pooch.retrieve(url, known_hash=None, fname=name, path=folder))
    finally:
        logger.setLevel(level)
