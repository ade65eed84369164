"""The benchmark of scores: its programs score what they say, and its ratios."""

import importlib
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    return importlib.import_module("benchmark_score")


@pytest.mark.slow
def test_our_program_times_single_rows(scripts):
    module, own = scripts.PROGRAMS[scripts.OURS]
    program = importlib.import_module(f"score_peers.{module}")
    run = program.prepare({"rows": 100, "single": True, **own})
    assert 0 < run()["seconds"] < 60


def test_ratios_say_how_many_times_faster_we_are(scripts):
    results = {
        "vaex, 64 samples: table": {"median_seconds": 2.0},
        "PyOD VAE: table": {"median_seconds": 5.0},
        "vaex, 64 samples: single row": {"median_seconds": 0.5},
    }
    assert scripts.ratios(results) == {"table, over PyOD VAE": 2.5}
