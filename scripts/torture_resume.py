"""Kills training runs again and again, and compares them with ones left alone.

The same line of `vaex train` is started in a folder of its own and killed by SIGKILL
at a random moment: while it starts, trains, saves a checkpoint or evaluates. It is
started again until it comes to its end, and again from scratch until there were as
many kills as asked for. Each run that came to its end must equal the one that was
left alone: every bit of the train state, every byte of metrics.jsonl, every result
but times.

    python scripts/torture_resume.py --kills 30
    python scripts/torture_resume.py --kills 30 --signal TERM -- -m seed=0,1,2

A line that is told to stop by SIGTERM or SIGINT must end by that, and soon: not train
on, nor call it a failure.

Exits with 1 if anything differs.
"""

import argparse
import contextlib
import json
import random
import signal
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


def runs_in(root: Path) -> list[Path]:
    """The run directories in a folder; none before they are made."""
    return sorted(path.parent for path in root.glob("*/config.json"))


def statuses(root: Path) -> list[dict[str, Any]]:
    """Of the runs in a folder."""
    found = []
    for path in runs_in(root):
        with contextlib.suppress(OSError, ValueError):
            found.append(json.loads((path / "status.json").read_text()))
    return found


def moments(root: Path) -> dict[str, tuple[Callable[[], bool], float]]:
    """Name -> what must be seen of a run, and most seconds from then to the kill."""
    started = max((s.get("attempt", 0) for s in statuses(root)), default=0)
    lines = _size(root)
    return {
        "starting": (lambda: True, 4.0),
        "training": (lambda: _size(root) > lines, 1.0),
        "saving": (lambda: any(root.glob("*/checkpoints/.*.part")), 0.15),
        "evaluating": (
            lambda: any(
                s.get("attempt", 0) > started and "checkpoint" in s
                for s in statuses(root)
            ),
            0.5,
        ),
    }


def _size(root: Path) -> int:
    try:
        return sum(p.stat().st_size for p in root.glob("*/metrics.jsonl"))
    except FileNotFoundError:  # taken away at the start of an attempt, just now
        return 0


def killed(
    root: Path,
    words: list[str],
    moment: str,
    chance: random.Random,
    number: int = signal.SIGKILL,
    steps: int = 0,
) -> bool:
    """Starts the line and kills it at a moment; False if it came to its end.

    Args:
      root: folder of the runs.
      words: of the line.
      moment: one of `moments`.
      chance: of the seconds after it.
      number: of the signal.
      steps: of each run.

    Raises:
      SystemExit: if it ended by anything but the signal.
    """
    seen, most = moments(root)[moment]
    with subprocess.Popen(
        command(root, words),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        while process.poll() is None and not seen():
            time.sleep(0.002)
        time.sleep(chance.uniform(0.0, most))
        is_sent = process.poll() is None
        # Where all is trained it may come to its end all the same.
        runs = runs_in(root)
        is_trained = bool(runs) and all(
            (path / "checkpoints" / str(steps)).is_dir() for path in runs
        )
        if is_sent:
            process.send_signal(number)
        output = process.communicate()[0].decode()
    ends = {-number, 128 + number} if is_sent else {0}
    if process.returncode in ends:
        return is_sent
    if process.returncode == 0 and is_trained:
        return False
    raise SystemExit(f"the line ended with {process.returncode}:\n{output}")


def outcome(root: Path) -> dict[str, Any]:
    """What must be the same: name -> bytes or numbers."""
    found: dict[str, Any] = {}
    for path in runs_in(root):
        found |= {f"{path.name} {k}": v for k, v in outcome_of(path).items()}
    return found


def outcome_of(path: Path) -> dict[str, Any]:
    """What must be the same of a run."""
    import jax
    import numpy as np

    from vaex.io.load import load_run

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
    parser.add_argument("--signal", default="KILL", choices=["KILL", "TERM", "INT"])
    parser.add_argument("words", nargs="*", help="more of the line: key=value")
    options = parser.parse_args(argv)
    words = [f"trainer.steps={options.steps}", *options.words]
    chance, kills, counts = random.Random(options.seed), 0, Counter()
    sent = signal.Signals[f"SIG{options.signal}"]
    # What a shell starts in the background ignores SIGINT, and so would the line.
    signal.signal(signal.SIGINT, signal.default_int_handler)
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
                if not killed(root, words, moment, chance, sent, options.steps):
                    break
                kills, mine = kills + 1, mine + 1
                counts[moment] += 1
                print(f"kill {kills}: {moment}", flush=True)
            finished(root, words)
            found = outcome(root)
            wrong = [k for k in expected | found if found.get(k) != expected.get(k)]
            differing += wrong
            verdict = f"different: {', '.join(wrong[:5])}" if wrong else "identical"
            print(f"run {number}, killed {mine} times: {verdict}", flush=True)
            number += 1
    shares = ", ".join(f"{count} {moment}" for moment, count in counts.items())
    print(f"{kills} kills ({shares}): {'different' if differing else 'identical'}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
