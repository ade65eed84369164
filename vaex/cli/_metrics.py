"""What `vaex evaluate --metrics` can measure: names, what they are, what they cost."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from vaex.cli._asked import Asked
from vaex.errors import InputError
from vaex.evaluation.densities_of_z import lacks_density
from vaex.evaluation.elbo_surgery import make_surgery, operate, summarize_surgery
from vaex.evaluation.evidence_sandwich import make_sandwich
from vaex.evaluation.evidence_summary import (
    rate_distortion_curve,
    summarize_annealed,
    summarize_sandwich,
    with_interval,
)
from vaex.evaluation.inference_gaps import make_gaps, summarize_gaps
from vaex.evaluation.latent_health import Reasons
from vaex.evaluation.smoothed_weights import summarize_smoothed
from vaex.evaluation.summary import missing
from vaex.evaluation.tail_weights import make_tail_weights, summarize_tails

NATS = "nats/example"

QUERIES = 2048
"""Examples whose z is drawn for the surgery; components are all."""


def k_hat(asked: Asked) -> dict[str, Any]:
    """Entries `k_hat` and `psis`."""
    if "log_px" not in asked.found:
        reason = "there are no importance weights"
        return {"k_hat": missing(reason, "k"), "psis": missing(reason, NATS)}
    count, num = asked.estimator.config.samples_per_chunk, asked.num_samples
    function = make_tail_weights(*asked.parts, count, num)
    found = asked.of_all(function, num, "tails of the weights")
    tails, plain = (found["largest"], found["rest"]), asked.found["log_px"]
    psis = summarize_smoothed(*tails, plain, num, log_det=asked.log_det)
    return {"k_hat": summarize_tails(found["largest"], num), "psis": psis}


def ais(asked: Asked) -> dict[str, Any]:
    """Entry `ais`."""
    reason = lacks_density(asked.run.model)
    if reason:
        return {"ais": missing(reason, NATS)}
    other = asked.found.get("log_px")
    return {
        "ais": summarize_annealed(
            asked.annealed,
            asked.annealing,
            asked.num_temperatures,
            log_det=asked.log_det_of_chosen,
            importance_weighted=None if other is None else other[asked.chosen],
        )
    }


def bdmc(asked: Asked) -> dict[str, Any]:
    """Entry `bdmc`."""
    reason = lacks_density(asked.run.model)
    if reason:
        return {"bdmc": missing(reason, NATS)}
    function = make_sandwich(*asked.parts, asked.annealing)
    found = asked.of_chosen(function, asked.num_temperatures, "annealing both ways")
    options = {"log_det": asked.log_det_of_chosen}
    settings = (asked.annealing, asked.num_temperatures)
    return {"bdmc": summarize_sandwich(found, *settings, **options)}


def surgery(asked: Asked) -> dict[str, Any]:
    """Entry `surgery`."""
    reason = Reasons.of(asked.run.model).information
    total = len(asked.data["x"])
    if reason or total < 2:
        none = missing(reason or "needs two examples", NATS)
        return {"surgery": {"mutual_information": none, "marginal_kl": none}}
    chosen = np.sort(np.random.default_rng(0).permutation(total)[:QUERIES])
    with asked.progress(total, "surgery") as progress:
        found = operate(
            make_surgery(*asked.parts),
            asked.run.variables,
            asked.estimator.key,
            asked.data,
            chosen,
            block_size=min(asked.estimator.block_size, total),
            on_block=progress.update,
        )
    rate = asked.found.get("rate")
    rate = None if rate is None else rate[chosen].sum(-1)
    is_conditional = "condition" in asked.data
    parts = summarize_surgery(found, rate, total, is_conditional=is_conditional)
    return {"surgery": parts}


def gaps(asked: Asked) -> dict[str, Any]:
    """Entry `gaps`."""
    reason = lacks_density(asked.run.model)
    if reason or "elbo" not in asked.found:
        none = missing(reason or "there is no ELBO", NATS)
        names = ("approximation", "amortisation", "inference")
        return {"gaps": dict.fromkeys(names, none)}
    found = asked.of_chosen(make_gaps(*asked.parts), 1, "posteriors of one example")
    log_px = {"ais": asked.annealed["log_px"]}
    if "log_px" in asked.found:
        log_px["importance weights"] = asked.found["log_px"][asked.chosen]
    return {"gaps": summarize_gaps(found, asked.found["elbo"][asked.chosen], log_px)}


def rate_distortion(asked: Asked) -> dict[str, Any]:
    """Entry `rate_distortion`."""
    reason = lacks_density(asked.run.model)
    if reason:
        return {"rate_distortion": missing(reason, NATS)}
    settings = (asked.annealing, asked.num_temperatures)
    log_det = asked.log_det_of_chosen
    points = rate_distortion_curve(asked.annealed, *settings, log_det=log_det)
    size = {"num_examples": len(asked.chosen), "unit": NATS}
    return {"rate_distortion": {"points": points} | size}


def _of_run(name: str) -> Callable[[Asked], dict[str, Any]]:
    """An entry that `vaex.metrics.of_run` fills, imported where it is asked for.

    What a split is too small for, or a model too wrong, is a reason: other metrics,
    perhaps measured for minutes, are kept.
    """

    def measured(asked: Asked) -> dict[str, Any]:
        from vaex.metrics import of_run

        function = getattr(of_run, name)
        with asked.progress(1, name.replace("_", " ")):
            try:
                return {name: function(asked.run, asked.split, {})}
            except InputError as error:
                return {name: {name: missing(str(error), "")}}

    return measured


class Metric(NamedTuple):
    """Something to measure.

    Attributes:
      about: what it is.
      cost: what it costs.
      measure: fills in entries of results.
    """

    about: str
    cost: str
    measure: Callable[[Asked], dict[str, Any]]


METRICS = {
    "nll": Metric(
        "ELBO, NLL and bits/dim by K importance samples, what z carries",
        "always measured; N x K passes",
        lambda asked: {},
    ),
    "k_hat": Metric(
        "Pareto k-hat: for how many examples the NLL can be trusted; NLL by smoothed "
        "weights",
        "as much as the NLL once more",
        k_hat,
    ),
    "ais": Metric(
        "NLL by annealed importance sampling, where importance weights fail",
        "n x C x (T + 100) x 11 passes back and forth through the decoder",
        ais,
    ),
    "bdmc": Metric(
        "how far off that may be: both bounds, on data drawn from the model",
        "twice as much as ais again",
        bdmc,
    ),
    "surgery": Metric(
        "I(n; z) and KL(q(z) || p(z)) with all N components",
        f"N encodings, N x min(N, {QUERIES}) densities of z",
        surgery,
    ),
    "gaps": Metric(
        "what the family of q and the encoder lose of log p(x)",
        "n x 1,600 passes back and forth through the decoder, and ais",
        gaps,
    ),
    "rate_distortion": Metric(
        "rate-distortion curve of the decoder, with a figure",
        "as ais; nothing more where that is measured",
        rate_distortion,
    ),
    "latents": Metric(
        "z of the data beside z of the prior: a two-sample test, with a figure",
        "2,000 encodings and draws",
        _of_run("latents"),
    ),
    "predictive_checks": Metric(
        "calibration of p(x|z): PIT values, coverage of intervals, with a figure",
        "99 draws of x for each of 1,000 examples",
        _of_run("predictive_checks"),
    ),
    "sbc": Metric(
        "calibration of q(z|x) on data drawn from the model, with a figure",
        "1,000 simulations, 63 draws of z for each",
        _of_run("sbc"),
    ),
    "sample_quality": Metric(
        "samples beside the data: Frechet distance, precision, recall, density, "
        "coverage, two-sample test",
        "a classifier of the labels, trained once; 2,000 samples",
        _of_run("sample_quality"),
    ),
    "disentanglement": Metric(
        "codes beside the factors that data=sprites was drawn from: six scores",
        "N encodings, trees and regressions on them, about a minute",
        _of_run("disentanglement"),
    ),
}


def chosen_metrics(words: Sequence[str], start: str = "prior") -> list[str]:
    """Names in the order of the table, from words with commas.

    Args:
      words: as they were given.
      start: of annealing.

    Raises:
      InputError: if there is no such metric, or none from that start.
    """
    from vaex.cli._suggestions import did_you_mean

    names = [name for word in words for name in word.split(",") if name]
    for name in names:
        if name not in METRICS:
            near = did_you_mean(name, METRICS)
            raise InputError(
                f"--metrics: there is no {name!r}{near}; there are: "
                f"{', '.join(METRICS)}"
            )
    if "rate_distortion" in names and start != "prior":
        raise InputError(
            "--metrics rate_distortion is a curve from the prior; leave out "
            f"--start {start}"
        )
    return [name for name in METRICS if name in names]


def measure(asked: Asked, names: Sequence[str]) -> dict[str, Any]:
    """Entries of results for the metrics named, intervals where a gap is too wide."""
    results: dict[str, Any] = {}
    for name in names:
        results |= METRICS[name].measure(asked)
    if {"ais", "bdmc"} <= results.keys():
        gap = results["bdmc"]
        results["ais"] = with_interval(results["ais"], gap, asked.tolerance)
    return results


def with_known_gap(results: dict[str, Any], tolerance: float) -> dict[str, Any]:
    """The NLL as an interval, where annealing shows it to be off by too much.

    How far the importance-weighted NLL may be off is what it is above the annealed one
    on the same examples, and how far that may be off.
    """
    ais, gap = results.get("ais", {}), results.get("bdmc", {})
    other = ais.get("importance_weighted", {})
    if None in (ais.get("value"), gap.get("value"), other.get("value")):
        return results
    both = other["value"] - ais["value"] + gap["value"]
    nll = with_interval(results["nll"], {"value": both}, tolerance)
    bits = dict(results["bits_per_dim"])
    if "interval" in nll and bits["value"] is not None:
        scale = bits["value"] / nll["value"]
        bits["interval"] = [end * scale for end in nll["interval"]]
    return results | {"nll": nll, "bits_per_dim": bits}
