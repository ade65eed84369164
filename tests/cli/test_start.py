"""From the command to the first step: what is compiled."""

import os
import re
import subprocess
import sys

from tests.cli.commands import TINY

TO_THE_FIRST_STEP = """
import os, sys
from vaex.cli.main import main
from vaex.io.run_directory import RunDirectory
def ends(directory, rows):
    sys.stderr.flush()
    os._exit(0)
RunDirectory.append_metrics = ends
main()
"""


def test_three_programs_come_before_the_first_step(tmp_path):
    line = ("train", *TINY, "trainer.log_every=1", f"run.root={tmp_path}")
    done = subprocess.run(
        [sys.executable, "-c", TO_THE_FIRST_STEP, *line],
        env=os.environ | {"JAX_LOG_COMPILES": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    found = re.findall(r"Finished XLA compilation of jit\((.*?)\) in", done.stderr)
    # The preparation of each level, the state, and a chunk of steps.
    assert sorted(found) == ["<lambda>", "<lambda>", "chunk"], done.stderr
