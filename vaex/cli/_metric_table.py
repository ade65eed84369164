"""What `vaex evaluate --metrics` prints."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from vaex.cli._metrics import METRICS


def show_choice() -> None:
    """Prints what can be measured and what each costs."""
    table = Table(title="metrics", title_justify="left")
    for name in ("name", "what it is", "cost"):
        table.add_column(name)
    for name, metric in METRICS.items():
        table.add_row(name, metric.about, metric.cost)
    console = Console()
    Console(width=None if console.is_terminal else 110).print(table)
    print(
        "N examples of the split; n = --num-examples of them, T = --num-temperatures,\n"
        "C = --num-chains, K = --num-samples"
    )


def show_metrics(results: dict[str, Any]) -> None:
    """Prints a table of what was measured besides, and sentences on what it means."""
    rows = list(_rows(results))
    if not rows:
        return
    table = Table(title="metrics", title_justify="left")
    table.add_column("")
    table.add_column("value", justify="right")
    table.add_column("s.e.", justify="right")
    table.add_column("unit")
    for label, entry in rows:
        if entry["value"] is None:
            table.add_row(label, "-", "-", entry["reason"])
            continue
        se = "-" if entry["se"] is None else f"{entry['se']:.3f}"
        table.add_row(label, shown(entry), se, entry["unit"])
    console = Console()
    Console(width=None if console.is_terminal else 100).print(table)
    for sentence in sentences(results):
        print(sentence, flush=True)


def shown(entry: dict[str, Any]) -> str:
    """A value, or the interval that is to be printed in its place.

    >>> shown({"value": 90.0, "interval": [88.5, 90.0]}), shown({"value": 1.0})
    ('88.500 to 90.000', '1.000')
    """
    if "interval" in entry:
        low, high = entry["interval"]
        return f"{low:.3f} to {high:.3f}"
    return f"{entry['value']:.3f}"


def sentences(results: dict[str, Any]) -> Iterator[str]:
    """What the numbers mean, in words."""
    k = results.get("k_hat", {})
    if "meaning" in k:
        yield k["meaning"]
    psis = results.get("psis", {})
    if psis.get("value") is not None:
        yield (
            "the NLL by smoothed weights is no bound: nearer for one example where "
            "k-hat is below 0.7, not in the mean; the plain one is to be reported"
        )
    ais, bdmc = results.get("ais", {}), results.get("bdmc", {})
    if ais.get("value") is not None and not bdmc:
        yield "how far the annealed NLL is off is not known: add bdmc to --metrics"
    if "interval" in ais:
        yield (
            f"the annealed NLL is an interval: on data from the model its bounds are "
            f"{bdmc['value']:.2f} nats apart, more than the tolerance of "
            f"{ais['tolerance']:g}; raise --num-temperatures, or try --start posterior"
        )
    for entry, name in ((ais, "ais"), (bdmc, "bdmc")):
        accepted = entry.get("acceptance")
        if accepted is not None and not 0.3 < accepted < 0.95:
            yield (
                f"{name}: {accepted:.0%} of the moves were accepted where 65 % is "
                "best: its bounds hold, but could be tighter"
            )
    parts = results.get("surgery", {}).get("mutual_information", {})
    if parts.get("is_saturated"):
        yield (
            "I(n; z) is within a nat of its ceiling, the logarithm of the number of "
            "examples: z tells them all apart, and more of them would tell more"
        )
    features = results.get("sample_quality", {}).get("frechet_distance", {})
    if "features" in features:
        yield (
            "Frechet distance, precision, recall, density and coverage are in the "
            f"features of {features['features']}"
        )


def _rows(results: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "k_hat" in results:
        yield "median Pareto k-hat", results["k_hat"]
    if "psis" in results:
        entry = results["psis"]
        yield "NLL, Pareto-smoothed weights", entry
        if "less_nll" in entry:
            yield "less the NLL of the same weights", entry["less_nll"]
    if "ais" in results:
        entry = results["ais"]
        size = f"{entry['num_temperatures']} temperatures" if _known(entry) else "AIS"
        yield f"NLL, annealed, {size}", entry
        if "importance_weighted" in entry:
            yield "NLL, importance samples, same examples", entry["importance_weighted"]
    if "bdmc" in results:
        yield "gap of both bounds (BDMC)", results["bdmc"]
    if "surgery" in results:
        parts = results["surgery"]
        size = parts["mutual_information"].get("num_components", "all")
        yield f"I(n; z), {size} components", parts["mutual_information"]
        yield f"KL(q(z) || p(z)), {size} components", parts["marginal_kl"]
        if "remainder" in parts:
            yield "rate less the two", parts["remainder"]
    for name in ("approximation", "amortisation"):
        if "gaps" in results:
            yield f"{name} gap", results["gaps"][name]
    groups = "latents predictive_checks sbc sample_quality disentanglement".split()
    for group in groups:
        for name, found in results.get(group, {}).items():
            words = name.replace("_", " ")
            nominal = found.get("nominal")
            yield words if nominal is None else f"{words} (right: {nominal:g})", found


def _known(entry: dict[str, Any]) -> bool:
    return "num_temperatures" in entry
