"""Estimate ELBO, NLL and more of a trained run: vaex evaluate RUN."""

import argparse
import json
from typing import Any

from vaex.errors import InputError


def run(argv: list[str]) -> int:
    """Prints the table and writes RUN/evaluation-SPLIT-K.json."""
    options = _parser().parse_args(argv)

    from vaex.cli import _console

    if options.metrics == ["list"]:
        from vaex.cli._metric_table import show_choice

        show_choice()
        return 0
    if options.run is None:
        raise InputError("give a run directory: vaex evaluate RUN")
    _check(options)
    names = []
    if options.metrics:
        from vaex.cli._metrics import chosen_metrics

        names = chosen_metrics(options.metrics, options.start)

    from vaex.cli._cache import use_compilation_cache
    from vaex.cli._evaluate import Estimator, evaluate
    from vaex.io.atomic import write_json
    from vaex.io.load import load_run

    use_compilation_cache()
    loaded = load_run(options.run)
    splits = list(loaded.parts.dataset.splits)
    if options.split not in splits:
        raise InputError(f"--split must be one of {splits}, got {options.split!r}")
    estimator = Estimator.of(loaded.parts, loaded.config)
    shows = not options.json  # stdout is the JSON alone
    results = evaluate(
        loaded,
        estimator,
        options.split,
        options.num_samples,
        show_progress=shows,
        further=_further(options, names, loaded, estimator),
    )
    samples = results["nll"]["num_samples"]
    ending = "".join(f"-{name}" for name in names if name != "nll")
    path = loaded.directory.path / f"evaluation-{options.split}-{samples}{ending}.json"
    if options.json:
        print(json.dumps(results))
        write_json(path, results)
        return 0
    _console.show_results(results)
    if names:
        from vaex.cli._metric_table import show_metrics

        show_metrics(results)
    write_json(path, results)
    from vaex.cli._metric_figures import draw_metrics

    for figure in draw_metrics(results, loaded):
        _console.say(f"figure   {figure}")
    _console.say(f"written  {path}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vaex evaluate", description=__doc__)
    parser.add_argument("run", nargs="?", help="a run directory")
    parser.add_argument("--num-samples", type=int, help="importance samples K")
    parser.add_argument("--split", default="test", help="train, validation or test")
    parser.add_argument("--json", action="store_true", help="print JSON, no table")
    parser.add_argument(
        "--metrics",
        action="append",
        metavar="NAME,NAME",
        help="measure more; `--metrics list` says what there is and what it costs",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.5,
        metavar="NATS",
        help="an NLL that may be off by more is an interval (default: 0.5)",
    )
    parser.add_argument(
        "--num-examples",
        type=int,
        default=128,
        metavar="N",
        help="examples that annealing and gaps take (default: 128)",
    )
    parser.add_argument(
        "--num-temperatures",
        type=int,
        default=500,
        metavar="T",
        help="of annealing (default: 500)",
    )
    parser.add_argument(
        "--num-chains",
        type=int,
        default=16,
        metavar="C",
        help="of annealing, for each example (default: 16)",
    )
    parser.add_argument(
        "--start",
        choices=("prior", "posterior"),
        default="prior",
        help="where annealing begins: p(z), or a Gaussian like q(z|x) (default: prior)",
    )
    return parser


def _check(options: argparse.Namespace) -> None:
    for name in ("num_samples", "num_examples", "num_temperatures", "num_chains"):
        value = getattr(options, name)
        if value is not None and value < 1:
            flag = f"--{name.replace('_', '-')}"
            raise InputError(f"{flag} must be at least 1, got {value}")
    if not options.tolerance > 0:
        raise InputError(f"--tolerance must be above 0 nats, got {options.tolerance:g}")


def _further(
    options: argparse.Namespace, names: list[str], loaded: Any, estimator: Any
) -> Any:
    """What the estimates of all examples are handed on to; None for nothing."""
    if not names:
        return None

    from vaex.cli._asked import Asked
    from vaex.cli._metrics import measure, with_known_gap
    from vaex.cli._no_progress import no_progress
    from vaex.cli._progress import CountProgress
    from vaex.evaluation.annealing import Annealing

    annealing = Annealing(start=options.start, num_chains=options.num_chains)

    def further(results: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
        asked = Asked(
            run=loaded,
            estimator=estimator,
            split=options.split,
            data=loaded.parts.dataset.splits[options.split],
            found=found,
            num_samples=options.num_samples or estimator.config.num_samples,
            num_examples=options.num_examples,
            num_temperatures=options.num_temperatures,
            annealing=annealing,
            tolerance=options.tolerance,
            progress=no_progress if options.json else CountProgress,
        )
        results = results | measure(asked, names)
        return with_known_gap(results, options.tolerance)

    return further
