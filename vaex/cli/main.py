"""The console command: finds the verb's file and runs it."""

import ast
import atexit
import contextlib
import gc
import os
import sys
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from vaex import __version__
from vaex.errors import RunError


def verbs() -> dict[str, str]:
    """Verb -> one line about it, read from the files of this folder."""
    found = {}
    for name, file in _files().items():
        text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
        found[name] = text.splitlines()[0]
    return found


def _files() -> dict[str, Path]:
    """Verb -> its file."""
    files = sorted(Path(__file__).parent.glob("[a-z]*.py"))
    return {file.stem: file for file in files if file.stem != "main"}


def usage() -> str:
    """Text of `vaex --help`."""
    lines = [f"  {verb:<10} {about}" for verb, about in verbs().items()]
    return "\n".join(
        [
            f"vaex {__version__}: probabilistic autoencoders in JAX",
            "",
            "usage: vaex VERB [arguments]",
            "",
            *lines,
            "",
            "vaex VERB --help explains a verb. VAEX_TRACEBACK=1 shows tracebacks.",
        ]
    )


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; 0 on success, 2 on bad input, 1 on a failure.

    Modules of the working directory can be named in import paths, after every
    installed one.

    Args:
      argv: words after the program's name; None for those of this process, which is
        then over.
    """
    if argv is None:
        atexit.register(gc.freeze)  # looking for garbage at the end takes 0.3 s
        argv = sys.argv[1:]
    try:
        code = _run(argv)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read our output left; so does what is buffered
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    if argv[0] in ("--version", "version"):
        print(__version__)
        return 0
    verb, rest = argv[0], argv[1:]
    if verb not in _files():
        from vaex.cli._suggestions import did_you_mean

        near = did_you_mean(verb, _files())
        print(f"vaex: there is no verb {verb!r}{near}\n\n{usage()}", file=sys.stderr)
        return 2
    wants_traceback = os.environ.get("VAEX_TRACEBACK", "") not in ("", "0")
    try:
        with _importable(os.getcwd()):
            return import_module(f"vaex.cli.{verb}").run(rest)
    except KeyboardInterrupt as stop:
        message = f"interrupted{f'; {stop}' if str(stop) else ''}"
        print(f"\nvaex: {message}", file=sys.stderr)
        return getattr(stop, "code", 130)
    except BrokenPipeError:
        raise
    except Exception as error:
        if wants_traceback:
            traceback.print_exc()
        return _report(error)


@contextlib.contextmanager
def _importable(folder: str) -> Iterator[None]:
    """The folder at the end of the module search path, for as long as this lasts."""
    added = "" not in sys.path and folder not in sys.path
    if added:
        sys.path.append(folder)
    try:
        yield
    finally:
        if added:
            sys.path.remove(folder)


def _report(error: Exception) -> int:
    from vaex.cli._messages import explain

    message = explain(error)
    if message is not None:
        print(f"vaex: {message}", file=sys.stderr)
        return 1 if isinstance(error, RunError) else 2
    if isinstance(error, OSError) and error.strerror:
        file = f" {error.filename}" if error.filename else ""
        print(
            f"vaex: cannot read or write{file}: {error.strerror}; the same line again "
            "when that is mended",
            file=sys.stderr,
        )
        return 1
    where = traceback.extract_tb(error.__traceback__)[-1]
    print(
        f"vaex: {type(error).__name__}: {error}\n"
        f"  at {where.filename}:{where.lineno}; VAEX_TRACEBACK=1 shows all of it",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
