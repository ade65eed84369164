"""Elements of a sweep as processes of this machine, each with its GPU or its cores."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vaex.cli._element import Element
from vaex.cli._signals import Interrupted, stop_request

FRACTION = 0.9
"""Of a GPU's memory, what the processes on it take."""

PATIENCE = 20.0
"""Seconds that processes have to end when told to do so at once."""

OnEnd = Callable[[int, str, Path], None]
"""Told an element's number, how its process ended, and where its log is."""


@dataclass(frozen=True)
class Place:
    """What a process has of the machine.

    Attributes:
      cores: numbers of its cores; none for all.
      gpu: its GPU as CUDA_VISIBLE_DEVICES names it, None on a CPU.
      fraction: of the GPU's memory.
    """

    cores: tuple[int, ...] = ()
    gpu: str | None = None
    fraction: float = FRACTION

    def environment(self, before: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process here, made from another.

        >>> Place(gpu="3", fraction=0.45).environment({"HOME": "/"})
        {'HOME': '/', 'CUDA_VISIBLE_DEVICES': '3', 'XLA_CLIENT_MEM_FRACTION': '0.45'}
        """
        if self.gpu is None:
            return dict(before)
        old = "XLA_PYTHON_CLIENT_MEM_FRACTION"  # JAX takes one of both names only
        found = {name: value for name, value in before.items() if name != old}
        return found | {
            "CUDA_VISIBLE_DEVICES": self.gpu,
            "XLA_CLIENT_MEM_FRACTION": f"{self.fraction:g}",
        }


def places(count: int | None, cores: Sequence[int], gpus: Sequence[str]) -> list[Place]:
    """Divides a machine among processes.

    Args:
      count: of the processes; None for one on each GPU, or on each core where there
        is no GPU.
      cores: numbers of the cores that there are.
      gpus: their names; several processes of one divide its memory.

    >>> [place.cores for place in places(2, [0, 1, 2], [])]
    [(0, 2), (1,)]
    """
    count = count or len(gpus) or len(cores)
    found = []
    for number in range(count):
        own = tuple(cores[number % len(cores) :: count])
        if not gpus:
            found.append(Place(own))
            continue
        gpu = number % len(gpus)
        sharing = len(range(gpu, count, len(gpus)))
        found.append(Place(own, gpus[gpu], round(FRACTION / sharing, 4)))
    return found


def find_gpus(environment: Mapping[str, str]) -> list[str]:
    """Names of the GPUs that JAX would use, found without starting it.

    Args:
      environment: of this process.

    >>> find_gpus({"CUDA_VISIBLE_DEVICES": "2,5"})
    ['2', '5']
    >>> find_gpus({"CUDA_VISIBLE_DEVICES": "2,5", "JAX_PLATFORMS": "cpu"})
    []
    """
    platforms = environment.get("JAX_PLATFORMS", "")
    if platforms and not {"cuda", "gpu"} & set(platforms.split(",")):
        return []
    chosen = environment.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        names = [name.strip() for name in chosen.split(",")]
        return [name for name in names if name and not name.startswith("-")]
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    listed = subprocess.run([tool, "--list-gpus"], capture_output=True, text=True)
    lines = [line for line in listed.stdout.splitlines() if line.startswith("GPU ")]
    return [str(number) for number in range(len(lines))]


def find_cores() -> list[int]:
    """Numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def run_processes(
    elements: Sequence[Element], folder: Path, among: Sequence[Place], on_end: OnEnd
) -> None:
    """Runs elements, as many at a time as there are places.

    Args:
      elements: of the sweep.
      folder: for them and their logs.
      among: the places; each is one process's at a time.
      on_end: told of each that has ended, however it did.

    Raises:
      Interrupted: if told to stop; the processes saved what they had done.
    """
    pool = _Pool(elements, folder, among, on_end)
    with stop_request() as stop:
        try:
            while pool.is_busy(starts=stop.number is None):
                pool.look()
                if stop.number is not None:
                    pool.end_all()
                time.sleep(0.05)
        finally:
            pool.kill_all()
        if stop.number is not None:
            raise Interrupted(stop.number)


class _Pool:
    """The processes that are running, and the elements that wait for a place."""

    def __init__(
        self,
        elements: Sequence[Element],
        folder: Path,
        among: Sequence[Place],
        on_end: OnEnd,
    ):
        self._waiting = list(enumerate(elements))
        self._folder, self._on_end = folder, on_end
        self._free = list(among)
        self._running: dict[int, tuple[subprocess.Popen[bytes], Place]] = {}
        self._is_ending = False

    def is_busy(self, *, starts: bool) -> bool:
        """Starts what there is room for; whether anything is running."""
        while starts and self._waiting and self._free:
            number, element = self._waiting.pop(0)
            place = self._free.pop(0)
            self._running[number] = self._start(number, element, place), place
        return bool(self._running)

    def _start(
        self, number: int, element: Element, place: Place
    ) -> subprocess.Popen[bytes]:
        file = self._folder / f"{number}.pickle"
        file.write_bytes(pickle.dumps(element))
        cores = [",".join(map(str, place.cores))] if place.cores else []
        with self._log(number).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "vaex.cli._element", str(file), *cores],
                env=place.environment(os.environ),
                stdin=subprocess.PIPE,  # closed when this process is gone
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # ctrl-C reaches them by `end_all`, once
            )

    def _log(self, number: int) -> Path:
        return self._folder / f"{number}.log"

    def look(self) -> None:
        """Tells of those that have ended since."""
        for number, (process, place) in list(self._running.items()):
            if process.poll() is not None:
                assert process.stdin is not None
                process.stdin.close()
                del self._running[number]
                self._free.append(place)
                log = self._log(number)
                self._on_end(number, how_it_ended(process.returncode, log), log)

    def end_all(self) -> None:
        """Has all save and end, which takes a while; once."""
        if not self._is_ending:
            self._is_ending = True
            for process, _ in self._running.values():
                process.terminate()

    def kill_all(self) -> None:
        """Ends all that are left."""
        for process, _ in self._running.values():
            process.kill()
        for process, _ in self._running.values():
            process.wait(PATIENCE)
        self.look()


def how_it_ended(code: int, log: Path) -> str:
    """An exit status in words, with the last line of the log.

    >>> how_it_ended(-9, Path("nowhere"))
    'its process was ended by SIGKILL'
    """
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    lines = log.read_text("utf-8", "replace").splitlines() if log.is_file() else []
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    said = f": {last}" if code and last else ""
    return f"its process ended with exit status {code}{said}"
