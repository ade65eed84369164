"""The journal of a search: every trial is in it before it runs, whole or not at all."""

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import Study, StudyDirection

from vaex.cli._search_options import SearchOptions
from vaex.errors import InputError
from vaex.io.run_identity import differences

FILE = "journal.log"
SETTINGS = "vaex"
"""User attribute of a study: what its values depend on."""


class _Held(JournalFileOpenLock):
    """No lock: the search holds its folder's, and the system lets go of that one.

    Optuna's own would be left behind by a process that is killed, and waited for.
    """

    def acquire(self) -> bool:
        """Nothing to do."""
        return True

    def release(self) -> None:
        """Nothing to do."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Optuna without its remarks: experimental arguments, lines about each trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            for category in (ExperimentalWarning, FutureWarning):
                warnings.simplefilter("ignore", category)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def open_study(
    folder: Path, name: str, options: SearchOptions, space: Mapping[str, Any]
) -> tuple[Study, JournalStorage]:
    """The study of a folder, begun or gone on with.

    Args:
      folder: that holds the journal, which this process has locked.
      name: of the study.
      options: of the search.
      space: as `Space.description` has it.

    Raises:
      InputError: if the journal is damaged, or of another search.
    """
    path = folder / FILE
    cut_last_line(path)
    settings = {
        **space,
        "metric": list(options.metrics),
        "direction": list(options.directions),
    }
    try:
        storage = JournalStorage(
            JournalFileBackend(str(path), lock_obj=_Held(str(path)))
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is damaged ({error}); move it aside and run the line again: "
            "finished runs return at once"
        ) from error
    try:
        study = optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        study = optuna.create_study(
            study_name=name,
            storage=storage,
            directions=[StudyDirection[d.upper()] for d in options.directions],
        )
    before = study.user_attrs.get(SETTINGS)
    if before is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(SETTINGS, settings)
        return study, storage
    changed = differences(before or {}, settings)
    if changed:
        raise InputError(
            f"{path} is the journal of another search: {'; '.join(changed)}; give the "
            "same space again, or another hydra.sweeper.study_name"
        )
    return study, storage


def cut_last_line(path: Path) -> None:
    r"""Drops a last line that a killed process left unfinished.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "journal.log"
    >>> _ = path.write_bytes(b'{"a":1}\n{"b":')
    >>> cut_last_line(path)
    >>> path.read_text()
    '{"a":1}\n'
    """
    if not path.is_file():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
