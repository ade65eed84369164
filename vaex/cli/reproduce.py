"""Draw a published figure again and compare its numbers: vaex reproduce NAME."""

import argparse
import dataclasses
from pathlib import Path


def run(argv: list[str]) -> int:
    """Prints paper, ours, tolerance and pass; writes results.json and the figure.

    Returns:
      0, or 1 where a number is off.

    Raises:
      InputError: if there is no such experiment, or no clone.
    """
    parser = argparse.ArgumentParser(prog="vaex reproduce", description=__doc__)
    parser.add_argument("name", nargs="?", help="of the experiment; none lists them")
    parser.add_argument("--scale", default="smoke", help="smoke (default) or full")
    parser.add_argument(
        "--folder", type=Path, help="for results, default reproductions/NAME-SCALE"
    )
    options = parser.parse_args(argv)

    from vaex.cli import _console
    from vaex.cli._reproduction import Reproduction, available

    if options.name is None:
        for name, title in available().items():
            print(f"  {name:<12} {title}")
        return 0
    folder = options.folder or Path("reproductions") / f"{options.name}-{options.scale}"
    reproduction = Reproduction.open(options.name, options.scale, folder)

    from vaex.cli._cache import use_compilation_cache
    from vaex.figures.saving import save_figure
    from vaex.io.atomic import write_json

    use_compilation_cache()
    found = reproduction.compute(_console.say)
    rows = reproduction.rows(found)
    _console.show_comparison(reproduction.reference["title"], rows)
    write_json(
        folder / "results.json",
        {
            "experiment": options.name,
            "scale": options.scale,
            "source": reproduction.reference["source"],
            "rows": [dataclasses.asdict(row) for row in rows],
        },
    )
    figure = reproduction.module.draw(found)
    path = save_figure(figure, folder / f"{options.name}.png")
    passed = sum(row.passed for row in rows)
    _console.say(f"{passed} of {len(rows)} numbers are within their tolerance")
    _console.say(f"results  {folder / 'results.json'}")
    _console.say(f"figure   {path}")
    return 0 if passed == len(rows) else 1
