"""Where the encoder puts the data, and which latent dimensions it uses."""

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._arrays import as_examples, to_float
from vaex.figures._classes import check_labels
from vaex.figures._kl_bars import draw_kl
from vaex.figures._latent_means import draw_means
from vaex.figures._style import TITLE, new_figure
from vaex.figures._words import count_of


def draw_latent_space(
    means: np.ndarray,
    *,
    labels: np.ndarray | None = None,
    kl: np.ndarray | None = None,
    name: str = "posterior means",
) -> Figure:
    """Posterior means on a plane, and the KL of each latent dimension.

    L = 1 is drawn as a histogram, L = 2 as it is, L > 2 by its first two principal
    components. Rows with a NaN are left out and counted in the title.

    Args:
      means: [N, L] means of q(z|x), latent units.
      labels: [N] integer classes, or None; up to 12 have colours of their own.
      kl: [G] nats, KL averaged over examples of each of G variables that share the L
        dimensions equally (G = L: of each dimension), or None.
      name: what the means are called in the title.

    Returns:
      One pair of axes, and one for the KL where it is given.

    Raises:
      ValueError: if an array has the wrong shape, or no row is finite.

    >>> figure = draw_latent_space(np.eye(4), kl=np.array([3.0, 1.0, 0.2, 0.0]))
    >>> figure.axes[1].get_title()
    'KL per dimension: 3 of 4 active'
    """
    means = to_float(as_examples("means", means))
    if means.ndim != 2:
        raise ValueError(
            f"means must be [N, L], got shape {means.shape}; pass one row per example"
        )
    finite = np.isfinite(means).all(axis=1)
    if not finite.any():
        raise ValueError(
            f"means must have a finite row, got none in {len(means)}; check that the "
            "parameters of the model are finite"
        )
    if labels is not None:
        labels = check_labels(labels, len(means))[finite]
    if kl is not None:
        kl = to_float(kl)
        if kl.ndim != 1 or not kl.size or means.shape[1] % len(kl):
            raise ValueError(
                f"kl must be [{means.shape[1]}], one value per latent dimension or "
                f"variable of several, got shape {kl.shape}; average it over the "
                "examples"
            )
    figure = new_figure(5.8 if kl is None else 10.6, 4.4)
    left, *right = figure.subplots(1, 1 if kl is None else 2, squeeze=False)[0]
    title = f"{name} of {count_of(len(means), 'examples')}"
    missing = int((~finite).sum())
    title += f" ({missing} not finite)" if missing else ""
    draw_means(left, means[finite], labels)
    left.set_title(title, fontsize=TITLE)
    if kl is not None:
        part = "dimension" if len(kl) == means.shape[1] else "variable"
        draw_kl(right[0], kl, part)
    return figure
