"""Score rows of a file for how odd they are: vaex score RUN data.csv."""

import argparse
from pathlib import Path
from typing import Any

from vaex.errors import InputError

EXAMPLES = """\
examples:
  vaex score runs/1f3a data.csv
  vaex score runs/1f3a data.csv --score elbo --out odd.csv --features 5
  vaex score runs/1f3a data.csv --bad-rows mask --tolerance 0.05
  vaex score runs/1f3a images.npy --figure odd.png

Scores are in nats (but for `error`) and higher is odder; a row has the same score in
any file and any order. p_value is the share of the run's held-out rows that are at
least as odd; share_1 is how much of the row's oddness is in feature_1.
"""


def run(argv: list[str]) -> int:
    """Writes a row of scores for each row of the file."""
    options = _parser().parse_args(argv)
    _check(options)

    from vaex.anomaly.attribution import element_names
    from vaex.anomaly.bad_rows import inspect_rows, refuse
    from vaex.anomaly.named_scores import score_named
    from vaex.anomaly.occlusion import hidden_together, occlusion_names
    from vaex.anomaly.scorer import Scorer
    from vaex.cli import _console
    from vaex.cli._cache import use_compilation_cache
    from vaex.cli._progress import CountProgress
    from vaex.cli._score_figure import check_figure, draw_oddest
    from vaex.cli._score_input import check_condition, read_table
    from vaex.cli._score_output import say_what_was_found, write_scores
    from vaex.cli._scoring import (
        explanation,
        fitted_score,
        held_out_rows,
        judge,
        open_model,
        rows_to_score,
    )

    use_compilation_cache()
    named = score_named(options.score)  # before anything is read
    opened = open_model(options.run)
    head = opened.model.likelihood
    if options.figure:
        check_figure(head, options.score)
    shape = opened.stored.event_shape
    table = read_table(options.data, shape, opened.columns, options.key)
    check_condition(table.condition, opened.stored.condition_dim, len(table.x))
    if table.ignored:
        _console.say(f"note: not scored, no columns of the model: {table.ignored}")
    if table.lines is not None and table.columns and not opened.columns:
        _console.say("note: the model's columns have no names: the file's, in order")
    seen = inspect_rows(
        table.x,
        head=head,
        preparation=opened.preparation,
        num_classes=opened.stored.num_classes,
        columns=table.columns,
        mask=table.mask,
    )
    reasons = {**seen.reasons, **table.reasons}
    rows, kept = rows_to_score(table, seen.mask, reasons, options.bad_rows == "mask")
    if options.bad_rows == "error" or not len(kept):
        fix = "no row is left to be scored"
        if options.bad_rows == "error":
            fix = "pass --bad-rows mask to score what is left of them, or skip"
        refuse(_with_lines(reasons, table.lines), len(table.x), options.data, fix)
    split = options.calibration_split
    held_out = held_out_rows(opened, split, options.calibration_rows)
    how = explanation(options.attribution, named, head, len(kept))
    score = fitted_score(
        options.score, opened, options.num_samples, options.background, options.seed
    )
    scorer = Scorer(
        *opened.parts,
        score,
        num_samples=options.num_samples,
        tolerance=options.tolerance,
        max_samples=max(options.max_samples, options.num_samples),
        seed=options.seed,
    )
    passes = 2 * len(hidden_together(head)) if how == "occlusion" else 0
    total = len(kept) * (1 + passes) + (0 if held_out is None else len(held_out["x"]))
    with CountProgress(total, "scoring") as progress:
        count, update = options.features, progress.update
        judged = judge(scorer, rows, held_out, count, how, update)
    out = Path(options.out or f"{Path(options.data).name.split('.')[0]}-scores.csv")
    elements = element_names(head, table.columns, of_event=score.attributes_event)
    if how == "occlusion":
        elements = occlusion_names(head, table.columns)
    write_scores(out, judged, kept, reasons, table, elements)
    say_what_was_found(judged, reasons, kept, split, out)
    if options.figure:
        draw_oddest(opened, rows, kept, judged, score.unit, Path(options.figure))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vaex score",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run", help="a run directory, or an export (which has no p-values)")
    add("data", help="rows: .csv, .npy, .npz, .mat, idx or .amat")
    add(
        "--score",
        default="reconstruction",
        help="reconstruction (default), log_mean_density, elbo, log_marginal, error, "
        "mahalanobis, regret, typicality, or ratio",
    )
    add("--out", help="file to write, else DATA-scores.csv here")
    add(
        "--bad-rows",
        choices=("error", "mask", "skip"),
        default="error",
        help="rows with missing or impossible cells: refuse the file (default), score "
        "the rest of them, or leave their scores empty",
    )
    add("--num-samples", type=int, default=64, help="posterior samples of a row")
    add("--tolerance", type=float, help="draw on until a row's s.e. is at most this")
    add("--max-samples", type=int, default=4096, help="most, with --tolerance")
    add("--features", type=int, default=3, help="oddest features named for a row")
    add(
        "--attribution",
        choices=("auto", "occlusion", "parts"),
        default="auto",
        help="blame features by hiding them one by one (finds the culprit, slow), or "
        "by their parts of the score (fast); auto hides where that is cheap",
    )
    add("--key", help="the array in a .npz or .mat file")
    add("--background", metavar="RUN", help="the other model of --score ratio")
    add("--calibration-split", default="test", help="held-out rows of p-values")
    add("--calibration-rows", type=int, default=1000, help="how many of them at most")
    add("--figure", help="a .png of the oddest images, pixel by pixel")
    add("--seed", type=int, default=0, help="of all draws")
    return parser


def _check(options: argparse.Namespace) -> None:
    for name in ("num_samples", "features", "calibration_rows"):
        value = getattr(options, name)
        if value < 1:
            flag = name.replace("_", "-")
            raise InputError(f"--{flag} must be at least 1, got {value}")
    if options.tolerance is not None and not options.tolerance > 0:
        raise InputError(f"--tolerance must be above 0, got {options.tolerance}")
    if not 0 <= options.seed < 2**32:
        raise InputError(f"--seed must lie between 0 and 2^32 - 1, got {options.seed}")
    for name in ("out", "figure"):
        path = getattr(options, name)
        if path and not Path(path).absolute().parent.is_dir():
            raise InputError(
                f"--{name} must lie in a folder that is there, got {path}; make it"
            )


def _with_lines(reasons: dict[int, str], lines: Any) -> dict[int, str]:
    """Reasons that name the line of a .csv too."""
    if lines is None:
        return reasons
    return {row: f"{text} (line {lines[row]})" for row, text in reasons.items()}
