"""Tables are made of the reports that the benchmarks write."""

import importlib.util
import json
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[2] / "scripts" / "benchmark_table.py"
WHERE = {"date": "2026-01-02", "processor": "abacus", "cores": 2, "load": 0.1}
REPORT = {
    "benchmark": "train",
    **WHERE,
    "versions": {"jax": "1.2"},
    "ratios": {"over pythae": 2.5},
    "results": {
        "vaex": {"median_seconds": 2.0, "ms_per_step": 4.0, "examples_per_second": 32},
        "slow": {"median_seconds": 5.0, "ms_per_step": 10.0, "examples_per_second": 13},
    },
}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location(PATH.stem, PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_marked_page_is_written(script, tmp_path):
    (tmp_path / "train.json").write_text(json.dumps(REPORT))
    page = "before\n<!-- benchmark train -->\nold\n<!-- /benchmark -->\nafter\n"
    lines = script.written(page, tmp_path).splitlines()
    assert lines[0] == "before"
    assert lines[-1] == "after"
    assert "old" not in lines
    assert "| vaex | 4.00 | 32 | 1.00 |" in lines
    assert "| slow | 10.00 | 13 | 2.50 |" in lines
    assert "Ratios: over pythae 2.50" in lines
    assert "abacus, 2 cores, load 0.1; jax 1.2" in lines[-3]
    assert script.written("\n".join(lines), tmp_path) == "\n".join(lines)


def test_a_table_of_samples_and_one_of_seconds(script):
    found = {"vaex": {"samples_per_second": 6.0}, "other": {"samples_per_second": 2.0}}
    table = script.nll_table({"results": found}).splitlines()
    assert table[-1] == "| other | 2 | 3.00 |"
    found = {"imports": {"median_seconds": 1.234}}
    assert script.startup_table({"results": found}).endswith("| imports | 1.23 |")
