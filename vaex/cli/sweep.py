"""Look after many runs: vaex sweep status|report DIR."""

import argparse
import ast
from importlib import import_module
from pathlib import Path


def run(argv: list[str]) -> int:
    """Finds the file of the verb, `_sweep_VERB.py`, and runs it.

    Each has `add_arguments(parser)` and `run(options)`; the first line of its docstring
    is what the help says of it.
    """
    parser = argparse.ArgumentParser(prog="vaex sweep", description=__doc__)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name, about in _verbs().items():
        if argv[:1] == [name]:
            module = import_module(f"vaex.cli._sweep_{name}")
            verb = verbs.add_parser(name, help=about, description=module.__doc__)
            module.add_arguments(verb)
            verb.set_defaults(run=module.run)
        else:
            verbs.add_parser(name, help=about)
    options = parser.parse_args(argv)
    return options.run(options)


def _verbs() -> dict[str, str]:
    """Verb -> first line about it, read from the files of this folder."""
    found = {}
    for verb in ("plan", "status", "report"):
        file = Path(__file__).with_name(f"_sweep_{verb}.py")
        if file.is_file():
            text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
            found[verb] = text.splitlines()[0]
    return found
