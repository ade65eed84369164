"""Which latent dimensions carry information."""

import numpy as np
from matplotlib.axes import Axes

from vaex.figures._style import BLUE, SMALL, VERMILION, dress

INACTIVE = 0.01  # nats
MOST_NUMBERS = 24


def draw_kl(axes: Axes, kl: np.ndarray, part: str = "dimension") -> None:
    """Bars of KL per latent dimension or variable, largest first, grey below 0.01 nats.

    The scale is linear up to the mark and logarithmic above it, so that a
    dimension that carries little is told from one that carries nothing.

    Args:
      axes: where to draw.
      kl: [L] nats, averaged over examples; NaN has no bar and comes last.
      part: what each is the KL of.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_kl(axes, np.array([0.001, 2.0]))
    >>> [float(bar.get_height()) for bar in axes.patches]
    [2.0, 0.001]
    """
    order = np.argsort(-kl, kind="stable")
    active = kl[order] >= INACTIVE
    ranks = np.arange(len(kl))
    axes.set_yscale("symlog", linthresh=INACTIVE, linscale=0.5)
    for chosen, colour, name in (
        (active, BLUE, "active"),
        (~active, "#B0B0B0", "inactive"),
    ):
        if chosen.any():
            axes.bar(ranks[chosen], kl[order][chosen], color=colour, label=name)
    axes.axhline(INACTIVE, color=VERMILION, lw=1, ls="--", label=f"{INACTIVE} nats")
    lowest, highest = np.nanmin(kl, initial=0.0), np.nanmax(kl, initial=INACTIVE)
    ticks = [t for t in (0, 0.01, 0.1, 1, 10, 100, 1000) if t <= 2 * highest]
    axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_ylim(1.2 * lowest, 2 * highest)
    step = -(-len(kl) // (MOST_NUMBERS if len(kl) <= 100 else MOST_NUMBERS // 2))
    axes.set_xticks(ranks[::step], [str(i) for i in order[::step]])
    axes.set_xlim(-0.6, max(len(kl), 6) - 0.4)
    title = f"KL per {part}: {active.sum()} of {len(kl)} active"
    missing = int(np.isnan(kl).sum())
    dress(
        axes,
        title=f"{title} ({missing} not finite)" if missing else title,
        x=f"latent {part} (index, sorted by KL)",
        y="KL to the prior (nats per example)",
    )
    axes.legend(fontsize=SMALL, frameon=False, loc="upper right")
