"""Kills a training run again and again, and compares it with one that was left alone.

The same line of `vaex train` is started in a folder of its own and killed by SIGKILL
at a random moment: while it starts, trains, saves a checkpoint or evaluates. It is
started again until it comes to its end, and again from scratch until there were as
many kills as asked for. Each run that came to its end must equal the one that was
left alone: every bit of the train state, every byte of metrics.jsonl, every result
but times.

    python scripts/torture_resume.py --kills 30

Exits with 1 if anything differs.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

LINE = (
    "encoder.hidden=[64]",
    "decoder.hidden=[64]",
    "latent_dim=4",
    "trainer.evaluate_every=5",
    "trainer.keep_best=true",
    "trainer.log_every=7",
    "checkpoint.every_steps=11",
    "evaluation.num_samples=64",
    "run.figures=false",
)


def command(root: Path, words: list[str]) -> list[str]:
    """The line whose run goes into `root`."""
    main = [sys.executable, "-m", "vaex.cli.main", "train"]
    return [*main, *LINE, *words, f"run.root={root}"]


def run_in(root: Path) -> Path | None:
    """The run directory in a folder, None before it is made."""
    found = [p for p in root.glob("*/") if p.is_dir()]
    return found[0] if found else None


def moments(root: Path) -> dict[str, tuple[Callable[[], bool], float]]:
    """Name -> what must be seen of a run, and most seconds from then to the kill."""

    def status() -> dict[str, Any]:
        path = run_in(root)
        try:
            return json.loads((path / "status.json").read_text()) if path else {}
        except (OSError, ValueError):
            return {}

    started = status().get("attempt", 0)
    lines = _size(root)
    return {
        "starting": (lambda: True, 4.0),
        "training": (lambda: _size(root) > lines, 1.0),
        "saving": (lambda: any(root.glob("*/checkpoints/.*.part")), 0.15),
        "evaluating": (
            lambda: status().get("attempt") != started and "checkpoint" in status(),
            0.5,
        ),
    }


def _size(root: Path) -> int:
    try:
        return sum(p.stat().st_size for p in root.glob("*/metrics.jsonl"))
    except FileNotFoundError:  # taken away at the start of an attempt, just now
        return 0


def killed(root: Path, words: list[str], moment: str, chance: random.Random) -> bool:
    """Starts the line and kills it at a moment; False if it came to its end."""
    seen, most = moments(root)[moment]
    with subprocess.Popen(
        command(root, words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        while process.poll() is None and not seen():
            time.sleep(0.002)
        time.sleep(chance.uniform(0.0, most))
        if process.poll() is None:
            process.kill()
            process.wait()
            return True
        output = process.stdout.read().decode() if process.stdout else ""
    if process.returncode != 0:
        raise SystemExit(f"the line failed:\n{output}")
    return False


def outcome(root: Path) -> dict[str, Any]:
    """What must be the same: name -> bytes or numbers."""
    import jax
    import numpy as np

    from vaex.io.load import load_run

    path = run_in(root)
    assert path is not None, "no run directory"
    run = load_run(path)
    leaves = jax.tree_util.tree_flatten_with_path(run.state._replace(key=None))[0]
    found: dict[str, Any] = {
        f"state{jax.tree_util.keystr(name)}": np.asarray(leaf).tobytes()
        for name, leaf in leaves
    }
    found["state.key"] = np.asarray(jax.random.key_data(run.state.key)).tobytes()
    found["metrics.jsonl"] = (path / "metrics.jsonl").read_bytes()
    results = json.loads((path / "results.json").read_text())
    for name in ("seconds", "examples_per_second"):
        results["training"].pop(name)
    return found | {"results.json": json.dumps(results, sort_keys=True)}


def finished(root: Path, words: list[str]) -> None:
    """Runs the line to its end."""
    done = subprocess.run(command(root, words), capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"the line failed:\n{done.stdout}{done.stderr}")


def main(argv: list[str] | None = None) -> int:
    """Runs the comparison; 1 if anything differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=30, metavar="N")
    parser.add_argument("--steps", type=int, default=300, help="of the run")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("words", nargs="*", help="more of the line: key=value")
    options = parser.parse_args(argv)
    words = [f"trainer.steps={options.steps}", *options.words]
    chance, kills, counts = random.Random(options.seed), 0, Counter()
    differing: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder) / "alone"
        finished(alone, words)
        expected = outcome(alone)
        number = 0
        while kills < options.kills:
            root, mine = Path(folder) / str(number), 0
            root.mkdir()
            while kills < options.kills:
                moment = chance.choice(list(moments(root)))
                if not killed(root, words, moment, chance):
                    break
                kills, mine = kills + 1, mine + 1
                counts[moment] += 1
                print(f"kill {kills}: {moment}", flush=True)
            finished(root, words)
            found = outcome(root)
            wrong = [k for k in expected if found.get(k) != expected[k]]
            differing += wrong
            verdict = f"different: {', '.join(wrong[:5])}" if wrong else "identical"
            print(f"run {number}, killed {mine} times: {verdict}", flush=True)
            number += 1
    shares = ", ".join(f"{count} {moment}" for moment, count in counts.items())
    print(f"{kills} kills ({shares}): {'different' if differing else 'identical'}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
