"""Write a model that loads without its data: vaex export RUN [--out FOLDER]."""

import argparse
from pathlib import Path


def run(argv: list[str]) -> int:
    """Writes RUN/export, or the given folder."""
    parser = argparse.ArgumentParser(prog="vaex export", description=__doc__)
    parser.add_argument("run", help="a run directory")
    parser.add_argument("--out", help="folder to write, else RUN/export")
    parser.add_argument("--force", action="store_true", help="replace an export")
    options = parser.parse_args(argv)

    from vaex.cli import _console
    from vaex.io.export import export_run
    from vaex.io.load import load_run

    loaded = load_run(options.run)
    target = Path(options.out) if options.out else loaded.directory.path / "export"
    folder = export_run(loaded, target, force=options.force)
    names = ", ".join(path.name for path in sorted(folder.iterdir()))
    _console.say(f"export   {folder}: {names}")
    _console.say(f'next     python -c "import vaex; print(vaex.load({str(folder)!r}))"')
    return 0
