"""What is set by a pass over the training set is a sum over its examples."""

from typing import Any

import jax
import numpy as np

from vaex.testing._compiled import quick_jit
from vaex.testing._outcome import NotApplicable, require, require_close
from vaex.testing._subject import B, S, Subject


def calibration_adds_up_over_examples(subject: Subject) -> str:
    """Totals are per example, hidden examples add 0, values fit the collection.

    The pass over the data goes batch by batch, the last one padded by masked rows.
    """
    if not subject.head.is_calibrated:
        raise NotApplicable("nothing is calibrated")

    @quick_jit
    def everything(variables: Any, features: Any, x: Any) -> Any:
        def totals(features: Any, x: Any, shown: bool) -> Any:
            mask = np.full(x.shape, shown)
            return subject.apply("calibration", features, x, mask, variables=variables)

        alone = [totals(features[:, b : b + 1], x[b : b + 1], True) for b in range(B)]
        return totals(features, x, True), totals(features, x, False), alone

    found = everything(subject.variables, subject.features, subject.x)
    together, hidden, alone = jax.device_get(found)
    for name, total in together.items():
        require(total.shape == (S, B), f"{name} has shape {total.shape}, not {(S, B)}")
        require(
            (hidden[name] == 0).all(), f"hidden examples add {hidden[name]} to {name}"
        )
        single = np.concatenate([one[name] for one in alone], 1)
        require_close(total, single, name)
    values = subject.head.calibration_values(
        {name: total.sum() for name, total in together.items()}
    )
    wanted = subject.variables["calibration"]
    given = {name: np.shape(value) for name, value in values.items()}
    expected = {name: np.shape(value) for name, value in wanted.items()}
    require(given == expected, f"values {given}, the collection holds {expected}")
    finite = all(np.isfinite(value).all() for value in values.values())
    require(finite, f"values are not finite: {values}")
    return f"sets {', '.join(values)}"
