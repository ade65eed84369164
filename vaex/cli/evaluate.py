"""Estimate ELBO, NLL and more of a trained run: vaex evaluate RUN."""

import argparse
import json

from vaex.errors import InputError


def run(argv: list[str]) -> int:
    """Prints the table and writes RUN/evaluation-SPLIT-K.json."""
    parser = argparse.ArgumentParser(prog="vaex evaluate", description=__doc__)
    parser.add_argument("run", help="a run directory")
    parser.add_argument("--num-samples", type=int, help="importance samples K")
    parser.add_argument("--split", default="test", help="train, validation or test")
    parser.add_argument("--json", action="store_true", help="print JSON, no table")
    options = parser.parse_args(argv)

    from vaex.cli import _console
    from vaex.cli._cache import use_compilation_cache
    from vaex.cli._evaluate import Estimator, evaluate
    from vaex.io.atomic import write_json
    from vaex.io.load import load_run

    if options.num_samples is not None and options.num_samples < 1:
        raise InputError(f"--num-samples must be at least 1, got {options.num_samples}")
    use_compilation_cache()
    loaded = load_run(options.run)
    splits = list(loaded.parts.dataset.splits)
    if options.split not in splits:
        raise InputError(f"--split must be one of {splits}, got {options.split!r}")
    estimator = Estimator.of(loaded.parts, loaded.config)
    results = evaluate(
        loaded,
        estimator,
        options.split,
        options.num_samples,
        show_progress=not options.json,  # stdout is the JSON alone
    )
    samples = results["nll"]["num_samples"]
    path = loaded.directory.path / f"evaluation-{options.split}-{samples}.json"
    write_json(path, results)
    if options.json:
        print(json.dumps(results))
        return 0
    _console.show_results(results)
    _console.say(f"written  {path}")
    return 0
