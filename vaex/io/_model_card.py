"""The text that goes with a model: what it is, how good, how to load it."""

from collections.abc import Mapping
from typing import Any

SHOWN = ("model", "encoder", "posterior", "prior", "decoder", "likelihood", "objective")


def model_card(
    config: Mapping[str, Any], facts: Mapping[str, Any], results: Mapping | None
) -> str:
    """Markdown of a model card.

    Args:
      config: resolved.
      facts: of the export's config.json: `data`, `spec`, `preparation`, `versions`,
        `step`, `num_parameters`.
      results: of the evaluation, None where there are none.
    """
    data, spec = facts["data"], facts["spec"]
    levels = spec["num_classes"]
    kind = "real values" if levels is None else f"{levels} integer levels"
    shape, condition = tuple(spec["event_shape"]), spec["condition_dim"]
    averaged = config.get("updates", {}).get("weight_average") is not None
    weights = "averages over steps, " if averaged else ""
    parts = [f"| {name} | `{_described(config[name])}` |" for name in SHOWN]
    versions = ", ".join(f"{k} {v}" for k, v in facts["versions"].items())
    return "\n".join(
        [
            f"# {_last(config['model'])} of {data['name']}",
            "",
            f"A probabilistic autoencoder trained with vaex for {facts['step']} steps "
            f"(seed {config['seed']}), {weights}{facts['num_parameters']:,} numbers in "
            "`model.safetensors`.",
            "",
            "License: (yours to state)",
            "",
            "## Use",
            "",
            "```python",
            "import vaex",
            'model = vaex.load("THIS FOLDER")',
            "x = model.sample(16, seed=0)",
            "```",
            "",
            "The data set is not needed. `encode`, `decode`, `reconstruct`, `sample` "
            "and `log_prob_estimate` take and give numpy arrays in the unit of the "
            "data.",
            "",
            "## Data",
            "",
            f"- name: {data['name']}, checksum `{data['checksum']}`",
            f"- an example: {kind}, shape {shape}"
            + (f", with a condition of {condition} numbers" if condition else ""),
            f"- prepared by: `{facts['preparation']['type']}`",
            "",
            "## Parts",
            "",
            "| part | |",
            "|---|---|",
            *parts,
            "",
            "## Results",
            "",
            *_results(results),
            "",
            "## Versions",
            "",
            versions,
            "",
        ]
    )


def _results(results: Mapping[str, Any] | None) -> list[str]:
    if results is None:
        return ["The run had no results when it was exported."]
    title = f"{results['split']} split, {results['num_examples']} examples:"
    lines = [title, "", "| quantity | value | s.e. | unit |", "|---|---|---|---|"]
    for name, row in results.items():
        if not (isinstance(row, Mapping) and "unit" in row and "value" in row):
            continue
        if row["value"] is None:
            lines.append(f"| {name} | - | - | {row.get('reason', '')} |")
            continue
        se = "-" if row.get("se") is None else f"{row['se']:.4g}"
        samples = row.get("num_samples")
        label = f"{name}, {samples} importance samples" if samples else name
        if row.get("is_saturated"):
            label += ", at least" if "ceiling" in row else ", at most"
        lines.append(f"| {label} | {row['value']:.6g} | {se} | {row['unit']} |")
    return lines + [f"\n{sentence}" for sentence in results.get("verdict", [])]


def _last(node: Any) -> str:
    return str(node["_target_"]).rpartition(".")[2]


def _described(node: Any) -> str:
    """A configuration node as a call.

    >>> _described({"_target_": "my.heads.Head", "scale": 0.1, "sizes": [1, 2]})
    'my.heads.Head(scale=0.1, sizes=[1, 2])'
    """
    if isinstance(node, Mapping) and "_target_" in node:
        skip = ("_target_", "_partial_")
        arguments = {k: v for k, v in node.items() if k not in skip and v is not None}
        inner = ", ".join(f"{k}={_described(v)}" for k, v in arguments.items())
        return f"{node['_target_']}({inner})"
    if isinstance(node, Mapping):
        return "{" + ", ".join(f"{k}: {_described(v)}" for k, v in node.items()) + "}"
    if isinstance(node, list | tuple):
        return "[" + ", ".join(map(_described, node)) + "]"
    return str(node)
