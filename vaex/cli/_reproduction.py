"""A published figure or table, computed in parts and held against its numbers.

A module of experiments/ has three functions:

  parts(scale) -> {name: function () -> JSON}   what is computed, each kept when done
  measures(found) -> {name: number}             what is compared, from all parts
  draw(found) -> Figure

A module that trains runs takes `parts(scale, folder)`, the folder to keep them in. A
number may be a pair of a mean and its standard error; the mean is what is compared.

and a file of the same name, .yaml, with `title`, `source` and `rows`: for each row
`name`, `value`, `source`, and `tolerance` (in the value's unit) or `percent`, or
`at_least: true`, `at_most: true`; `scales` where it holds at some only.
"""

import hashlib
import importlib.util
import inspect
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from omegaconf import OmegaConf

import vaex
from vaex.errors import InputError
from vaex.io.atomic import write_json
from vaex.io.construction import suggestion

SCALES = ("smoke", "full")
FUNCTIONS = ("parts", "measures", "draw")
KEYS = {
    "name",
    "value",
    "source",
    "tolerance",
    "percent",
    "at_least",
    "at_most",
    "scales",
}


@dataclass(frozen=True)
class Row:
    """A number of the reference and ours.

    Attributes:
      name: of the measure.
      value: the reference's.
      ours: the measured one.
      rule: what it takes to pass, in words.
      passed: whether it does.
      source: of the reference's value.
      error: standard error of ours, None where it is not known.
    """

    name: str
    value: float
    ours: float
    rule: str
    passed: bool
    source: str
    error: float | None = None


def experiments_folder() -> Path:
    """experiments/ of the checkout that vaex is installed from.

    Raises:
      InputError: if there is none.
    """
    folder = Path(vaex.__file__).resolve().parents[1] / "experiments"
    if not folder.is_dir():
        raise InputError(
            "reproduce needs a clone of vaex, installed with `pip install -e .`: its "
            f"experiments/ are not in the installed package ({folder} does not exist)"
        )
    return folder


def available() -> dict[str, str]:
    """Name -> title of every experiment."""
    files = sorted(experiments_folder().glob("*.yaml"))
    return {file.stem: _reference(file)["title"] for file in files}


@dataclass(frozen=True)
class Reproduction:
    """One experiment at one scale.

    Attributes:
      name: of its module in experiments/.
      scale: "smoke" (minutes on two cores) or "full".
      folder: where parts, results and the figure go.
      module: experiments/NAME.py.
      reference: experiments/NAME.yaml.
    """

    name: str
    scale: str
    folder: Path
    module: ModuleType
    reference: Mapping[str, Any]

    @classmethod
    def open(cls, name: str, scale: str, folder: Path) -> "Reproduction":
        """Loads an experiment.

        Raises:
          InputError: if there is none of this name, or its files lack something.
        """
        names = available()
        if name not in names:
            near = suggestion(name, names)
            raise InputError(
                f"there is no experiment {name!r}{near}; there are: {', '.join(names)}"
            )
        if scale not in SCALES:
            raise InputError(f"--scale must be one of {list(SCALES)}, got {scale!r}")
        file = experiments_folder() / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"vaex_experiment_{name}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        missing = [f for f in FUNCTIONS if not callable(getattr(module, f, None))]
        if missing:
            raise InputError(f"{file} must define {', '.join(missing)}")
        return cls(name, scale, folder, module, _reference(file.with_suffix(".yaml")))

    def parts(self) -> dict[str, Callable[[], Any]]:
        """What is computed, by name."""
        wanted = inspect.signature(self.module.parts).parameters
        where = {"folder": self.folder} if "folder" in wanted else {}
        return self.module.parts(self.scale, **where)

    def compute(self, say: Callable[[str], None]) -> dict[str, Any]:
        """Results of all parts; a part that was done before is read, not computed.

        A part is done again when experiments/NAME.py changed.
        """
        found, parts = {}, self.parts()
        for number, (name, part) in enumerate(parts.items(), start=1):
            path = self.folder / "parts" / f"{name}.json"
            known = self._kept(path)
            label = f"part {number} of {len(parts)}, {name}"
            if known is not None:
                found[name] = known
                say(f"{label}: done before")
                continue
            started = time.perf_counter()
            # By way of JSON, so that a part read again is the same.
            found[name] = json.loads(json.dumps(part(), allow_nan=False))
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, {"code": self._code(), "found": found[name]})
            say(f"{label}: {time.perf_counter() - started:.1f} s")
        return found

    def rows(self, found: Mapping[str, Any]) -> list[Row]:
        """The reference's numbers beside ours.

        Raises:
          InputError: if a row names no measure.
        """
        measures = self.module.measures(found)
        rows = []
        for row in self.reference["rows"]:
            if self.scale not in row.get("scales", SCALES):
                continue
            if row["name"] not in measures:
                raise InputError(
                    f"{self.name}.yaml: {row['name']!r} is no measure; there are: "
                    f"{', '.join(measures)}"
                )
            rows.append(_compared(row, measures[row["name"]]))
        return rows

    def _code(self) -> str:
        file = Path(str(self.module.__file__))
        return hashlib.sha256(file.read_bytes()).hexdigest()

    def _kept(self, path: Path) -> Any:
        if not path.is_file():
            return None
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:  # cut short or damaged: it is computed again
            return None
        is_whole = isinstance(kept, dict) and {"code", "found"} <= kept.keys()
        return kept["found"] if is_whole and kept["code"] == self._code() else None


def _reference(file: Path) -> dict[str, Any]:
    found: Any = OmegaConf.to_container(OmegaConf.load(file))
    for key in ("title", "source", "rows"):
        if key not in found:
            raise InputError(f"{file} must hold {key!r}")
    for row in found["rows"]:
        rules = {"tolerance", "percent", "at_least", "at_most"} & row.keys()
        if not {"name", "value", "source"} <= row.keys() or len(rules) != 1:
            raise InputError(
                f"{file}: a row must have name, value, source and one of tolerance, "
                f"percent, at_least, at_most, got {row}"
            )
        unknown = row.keys() - KEYS
        if unknown:
            raise InputError(f"{file}: a row has no {sorted(unknown)}")
    return found


def _compared(row: Mapping[str, Any], measure: Any) -> Row:
    value, ours, error = float(row["value"]), measure, None
    if isinstance(measure, Sequence):
        ours, error = map(float, measure)
    ours = float(ours)
    if "at_least" in row:
        rule, passed = "at least", ours >= value
    elif "at_most" in row:
        rule, passed = "at most", ours <= value
    else:
        percent = "percent" in row
        size = abs(value) * row["percent"] / 100 if percent else row["tolerance"]
        rule = f"+- {row['percent']:g} %" if percent else f"+- {size:g}"
        passed = abs(ours - value) <= size
    return Row(row["name"], value, ours, rule, bool(passed), row["source"], error)
