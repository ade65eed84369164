"""As much of Slurm as a sweep needs, on this machine: its commands, run as a script.

`install(folder)` makes the commands; put `folder` in front of PATH, in the environment
FAKE_SLURM. Each array task is a session of its own that goes on when who submitted it
is gone; it is started once more where it was requeued.
"""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

COMMANDS = ("sbatch", "srun", "sacct", "scancel", "scontrol")


def install(folder: Path) -> None:
    """Makes the commands in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in COMMANDS:
        text = f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" {name} "$@"\n'
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)


def home() -> Path:
    return Path(os.environ["FAKE_SLURM"])


def enter(task: str, state: str) -> None:
    (home() / f"{task}.state").write_text(state)


def sbatch(script: str) -> None:
    """Starts what a script asks for, and prints its number."""
    job = str(1000 + len(list(home().glob("*.sh"))))
    kept = home() / f"{job}.sh"
    kept.write_text(Path(script).read_text())
    array = re.search(r"^#SBATCH --array=(\d+)-(\d+)", kept.read_text(), re.M)
    numbers = range(int(array[1]), int(array[2]) + 1) if array else [None]
    for number in numbers:
        task = job if number is None else f"{job}_{number}"
        enter(task, "PENDING")
        subprocess.Popen(
            [sys.executable, __file__, "task", job, task, str(kept)],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    print(f"Submitted batch job {job}")


def task(job: str, name: str, script: str) -> None:
    """A task of an array, as often as it is put in the queue."""
    number = name.partition("_")[2]
    own = {"SLURM_JOB_ID": job, "SLURM_NTASKS": "1", "SLURM_JOB_NUM_NODES": "1"}
    own |= {"SLURM_NODEID": "0", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}
    own |= {"SLURM_JOB_NODELIST": "localhost", "FAKE_SLURM_TASK": name}
    if number:
        own |= {"SLURM_ARRAY_JOB_ID": job, "SLURM_ARRAY_TASK_ID": number}
    again = home() / f"{name}.requeue"
    while True:
        enter(name, "RUNNING")
        code = subprocess.run(["bash", script], env=os.environ | own).returncode
        if not again.exists():
            break
        again.unlink()
    enter(name, "COMPLETED" if code == 0 else "FAILED")


def srun(*words: str) -> None:
    """Becomes the command, with its output in the file that is asked for."""
    left, output = list(words), None
    while left[0].startswith("-"):
        if left.pop(0) == "--output":
            output = left.pop(0)
    name = os.environ["FAKE_SLURM_TASK"]
    job, _, number = name.partition("_")
    if output:
        names = {"%A": job, "%a": number, "%j": job, "%t": "0"}
        output = re.sub("%[Aajt]", lambda found: names[found[0]], output)
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
    (home() / f"{name}.pid").write_text(str(os.getpid()))
    os.execvp(left[0], left)


def sacct(*words: str) -> None:
    """Prints the states of all tasks."""
    print("JobID|State|NodeList")
    for file in sorted(home().glob("*.state")):
        print(f"{file.stem}|{file.read_text()}|localhost")


def scancel(*words: str) -> None:
    """Sends a signal to the tasks of a job, SIGTERM if none is named."""
    left, number = list(words), signal.SIGTERM
    if "--signal" in left:
        at = left.index("--signal")
        number = signal.Signals[f"SIG{left[at + 1]}"]
        del left[at : at + 2]
    for file in home().glob("*.pid"):
        if file.stem == left[0] or file.stem.startswith(f"{left[0]}_"):
            try:
                os.kill(int(file.read_text()), number)
            except ProcessLookupError:
                continue


def scontrol(verb: str, task: str) -> None:
    """Puts a task in the queue again."""
    assert verb == "requeue"
    (home() / f"{task}.requeue").write_text(json.dumps(True))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
