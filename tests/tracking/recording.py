"""A view that keeps what it is told, and one that fails where it is asked to."""

from vaex.tracking.base import View


class Recording(View):
    """Calls in order; `fails` names the method that raises."""

    def __init__(self, fails: str | None = None, after: int = 0):
        self.told: list[tuple] = []
        self._fails, self._after = fails, after

    def _note(self, method, *what):
        if method == self._fails and self._after <= len(self.told):
            raise OSError("no route to host\nand a second line")
        self.told.append((method, *what))

    def start(self, config, folder, known):
        self._note("start", known)
        return known or "made up"

    def row(self, row):
        self._note("row", row["step"])

    def flush(self):
        if self._fails == "flush":
            self._note("flush")

    def figure(self, name, path):
        self._note("figure", name)

    def results(self, results):
        self._note("results", results["elbo"])

    def stop(self, state):
        self._note("stop", state)

    @property
    def steps(self):
        return [what[1] for what in self.told if what[0] == "row"]
