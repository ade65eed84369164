"""Writes docs/heads.md from the docstrings of heads and of the checks they must pass.

python scripts/document_heads.py
"""

import ast
import inspect
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

import vaex.likelihoods
import vaex.testing.likelihood_properties
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "heads.md"

TEMPLATE = Path(__file__).with_name("heads_page.md")


def heads() -> list[type[Likelihood]]:
    """The library's heads, densities before losses, by name."""
    found = [getattr(vaex.likelihoods, name) for name in dir(vaex.likelihoods)]
    kinds = {h for h in found if isinstance(h, type) and issubclass(h, Likelihood)}
    kinds.discard(Likelihood)
    return sorted(kinds, key=lambda kind: (not kind.is_normalized, kind.__name__))


def sections(kind: type) -> dict[str, str]:
    """Formula, description and the titled parts of a docstring, each as it stands."""
    text = inspect.cleandoc(kind.__doc__ or "")
    blocks = [b for b in text.split("\n\n") if not b.lstrip().startswith(">>>")]
    found = {"formula": " ".join(blocks[0].split()), "description": ""}
    for block in blocks[1:]:
        title = re.match(r"(Attributes|Source|Numerics|Raises):", block)
        if title:
            found[title[1]] = block[title.end() :].strip()
        else:
            found["description"] += ("\n\n" if found["description"] else "") + block
    return found


def support_of(kind: type[Likelihood]) -> str:
    """The set of values, with the number of classes or trials as K or n."""
    fields = kind.__dataclass_fields__
    sizes = {"num_classes": "K - 1", "total_count": "n"}
    given: dict[str, Any] = {
        name: 1000 - (name == "total_count") for name in sizes if name in fields
    }
    try:
        head = kind(event_shape=(3,), **given) if given else kind.example((3,))
    except InputError:
        return "depends on its parts"
    words = head.support.description
    for name in given:
        words = words.replace("999", sizes[name])
    return words.replace("length 3", "length K")


def entry(kind: type[Likelihood]) -> str:
    """The section of one head."""
    parts, stem = sections(kind), kind.__module__.rpartition(".")[2]
    lines = [f"### {kind.__name__}", "", f"`likelihood={stem}`", ""]
    lines += ["```", *wrapped(parts["formula"]), "```", ""]
    if parts["description"]:
        lines += [parts["description"], ""]
    for title in ("Attributes", "Numerics", "Source"):
        if title in parts:
            lines += [
                f"**{title}.** {listed(title, parts[title])}".replace(" \n", "\n"),
                "",
            ]
    return "\n".join(lines)


def wrapped(formula: str) -> list[str]:
    """The formula in lines of at most 88 characters."""
    return textwrap.wrap(formula, 88, break_long_words=False) or [""]


def listed(title: str, text: str) -> str:
    """Attributes as a list, other parts as one paragraph."""
    if title != "Attributes":
        return " ".join(text.split())
    items = re.split(r"\n(?=\s{0,2}\w+: )", "\n" + text)
    rows = [" ".join(item.split()) for item in items if item.strip()]
    return "\n\n" + "\n".join("- `" + row.replace(": ", "`: ", 1) for row in rows)


def table(kinds: list[type[Likelihood]]) -> str:
    """Name, formula and support of each."""
    rows = ["| head | p(x|z), or the loss | defined on |", "|---|---|---|"]
    for kind in kinds:
        formula = sections(kind)["formula"].replace("|", "\\|")
        name = f"[{kind.__name__}](#{kind.__name__.lower()})"
        rows.append(f"| {name} | {formula} | {support_of(kind)} |")
    return "\n".join(rows).replace("p(x|z), or", "p(x\\|z), or")


def checks() -> str:
    """One line for each property that heads are held to."""
    folder = Path(vaex.testing.likelihood_properties.__path__[0])
    lines = []
    for file in sorted(folder.glob("[!_]*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                text = " ".join((ast.get_docstring(node) or "").split("\n\n")[:2])
                name = node.name.replace("_", " ")
                lines.append(f"- **{name}**: {' '.join(text.split())}")
    return "\n".join(lines)


def render() -> str:
    """The whole page."""
    kinds = heads()
    densities = [kind for kind in kinds if kind.is_normalized]
    losses = [kind for kind in kinds if not kind.is_normalized]
    page = TEMPLATE.read_text(encoding="utf-8")
    for name, text in {
        "densities": table(densities),
        "losses": table(losses),
        "checks": checks(),
        "density_entries": "\n".join(map(entry, densities)).rstrip(),
        "loss_entries": "\n".join(map(entry, losses)).rstrip(),
    }.items():
        page = page.replace(f"{{{name}}}", text)
    return page


def main() -> int:
    """Writes the page, if it changed."""
    text = render()
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        PAGE.write_text(text, encoding="utf-8")
        print(f"written  {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
