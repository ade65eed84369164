"""What checking one property can come to."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class NotApplicable(Exception):
    """Raised by a property that says nothing about a head, with the reason."""


class Outcome(NamedTuple):
    """One property of one part.

    Attributes:
      name: the property, in words.
      verdict: "ok", "failed" or "not applicable".
      detail: what was measured, what failed with numbers, or the reason.
      seconds: wall time; what the first property computes serves the next ones.
    """

    name: str
    verdict: str
    detail: str
    seconds: float

    def __str__(self) -> str:
        detail = f"  {self.detail}" if self.detail else ""
        return f"{self.verdict:14s} {self.name} ({self.seconds:.1f} s){detail}"


def tried(name: str, check: Callable[..., str | None], *arguments: Any) -> Outcome:
    """Runs one property; whatever it raises is its failure, with the error's name."""
    start, verdict, detail = time.perf_counter(), "ok", ""
    try:
        detail = check(*arguments) or ""
    except NotApplicable as reason:
        verdict, detail = "not applicable", str(reason)
    except AssertionError as error:
        verdict, detail = "failed", str(error)
    except Exception as error:  # a head may raise anything, and the next ones run
        verdict, detail = "failed", f"{type(error).__name__}: {error}"
    return Outcome(name, verdict, detail, time.perf_counter() - start)


def require(condition: Any, message: str) -> None:
    """Raises AssertionError with the message; unlike `assert`, also under -O."""
    if not condition:
        raise AssertionError(message)


def require_close(
    found: Any, expected: Any, what: str, rtol: float = 1e-5, atol: float = 3e-5
) -> str:
    """Raises AssertionError where two arrays differ; returns by how much at most.

    The tolerance allows for sums of float32 numbers in another order.
    """
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    require(
        found.shape == expected.shape,
        f"{what}: shape {found.shape}, not {expected.shape}",
    )
    if found.size == 0:
        return ""
    same = np.isclose(found, expected, rtol, atol) & ~np.isnan(found)
    if not same.all():
        at = tuple(int(i) for i in np.argwhere(~same)[0])
        raise AssertionError(
            f"{what}: {found[at]:.7g} where {expected[at]:.7g} is expected, at index "
            f"{at}; {int((~same).sum())} of {same.size} differ"
        )
    gaps = abs(found - expected)[np.isfinite(expected)]
    return f"within {gaps.max(initial=0.0):.1e}"
