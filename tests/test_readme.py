"""The README's Python example runs as it stands."""

import re
from pathlib import Path

import numpy as np
import pytest

README = Path(__file__).resolve().parents[1] / "README.md"


@pytest.mark.slow
def test_the_python_example_trains_and_samples():
    text = README.read_text(encoding="utf-8")
    block = re.search(r"<!-- python-example -->\n```python\n(.*?)```", text, re.S)
    assert block is not None
    lines = [line for line in block[1].splitlines() if line.strip()]
    assert len(lines) <= 16
    names: dict = {}
    exec(compile(block[1], str(README), "exec"), names)
    assert names["x"].shape == (16, 8, 8)
    assert np.isfinite(names["history"]["elbo"]).all()
    assert names["history"]["elbo"][-11:].mean() > -110
