"""What samplers refuse, and the units in which they are trained."""

from typing import Any, NamedTuple

import numpy as np

from vaex.errors import InputError

_CONSTANT = 1e-6


def check_latents(z: Any) -> None:
    """Refuses latents that are not one finite real vector each.

    Raises:
      InputError: with what they are, or how many are not finite.
    """
    if isinstance(z, tuple):
        got = f"{len(z)} layers of latents"
    elif np.ndim(z) != 2 or not np.issubdtype(z.dtype, np.floating):
        got = f"shape {np.shape(z)} of {z.dtype}"
    else:
        got = None
    if got is not None:
        raise InputError(
            f"samplers are fitted to z of one real vector each, [N, L], got {got}; "
            "draw from the prior instead"
        )
    bad = int((~np.isfinite(z)).any(1).sum())
    if bad:
        raise InputError(f"latents must be finite, got {bad} of {len(z)} that are not")


class Units(NamedTuple):
    """Means and standard deviations of latents; those that are constant stay out.

    Attributes:
      mean: [L].
      scale: [L'] of the L' latents that vary.
      varies: [L] which these are.
    """

    mean: np.ndarray
    scale: np.ndarray
    varies: np.ndarray

    @classmethod
    def of(cls, z: np.ndarray) -> "Units":
        """Those of latents [N, L]."""
        z = np.asarray(z, np.float64)
        mean, scale = z.mean(0), z.std(0)
        varies = scale > _CONSTANT * np.maximum(np.abs(mean), 1.0)
        return cls(mean, scale[varies], varies)

    @property
    def log_scale(self) -> float:
        """Nats by which a log-density of standardised latents exceeds that of z."""
        return float(np.log(self.scale).sum())

    def standardised(self, z: np.ndarray) -> np.ndarray:
        """Latents [N, L] to mean 0 and standard deviation 1, [N, L'] float32."""
        return ((z - self.mean)[:, self.varies] / self.scale).astype(np.float32)

    def restored(self, x: np.ndarray) -> np.ndarray:
        """The inverse, [N, L'] to [N, L] float32."""
        z = np.tile(self.mean, (len(x), 1))
        z[:, self.varies] += x * self.scale
        return z.astype(np.float32)
