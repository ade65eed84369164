"""One look for every figure: colours, font sizes, axes without clutter."""

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's colours, for things that have a name of their own.
BLUE, VERMILION, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#8C8C8C"

# Twelve classes: the nine of Paul Tol's "muted" scheme (SRON technical note
# "Colour Schemes") and three more; tests/figures/test_palette.py measures how far
# apart they stay for readers with a colour-vision deficiency.
CLASSES = (
    "#332288 #88CCEE #117733 #DDCC77 #CC6677 #AA4499 #44AA99 #882255 #999933 "
    "#000000 #FFB300 #FF1AE6"
).split()

TITLE, LABEL, SMALL = 10.0, 9.0, 8.0


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that belongs to no window and no global state.

    Args:
      width: inches.
      height: inches.

    Returns:
      The figure; its layout makes room for labels when it is drawn.

    >>> new_figure(4, 3).get_size_inches().tolist()
    [4.0, 3.0]
    """
    return Figure(figsize=(width, height), layout="constrained")


def dress(axes: Axes, *, title: str = "", x: str = "", y: str = "") -> Axes:
    """Set title and labels as literal text, one size each; drop two spines.

    Literal, because the name of a column may contain a dollar sign.

    >>> dress(new_figure(2, 2).subplots(), x="price ($)").get_xlabel()
    'price ($)'
    """
    axes.set_title(title, fontsize=TITLE, parse_math=False)
    axes.set_xlabel(x, fontsize=LABEL, parse_math=False)
    axes.set_ylabel(y, fontsize=LABEL, parse_math=False)
    axes.tick_params(labelsize=SMALL)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def note(axes: Axes, text: str, *, side: Literal["left", "right"] = "right") -> None:
    """Write a remark, small and grey, in an upper corner of the axes.

    >>> axes = new_figure(2, 2).subplots()
    >>> note(axes, "3 % outside")
    >>> axes.texts[0].get_text()
    '3 % outside'
    """
    place = {"left": 0.02, "right": 0.98}[side]
    axes.text(
        place,
        0.98,
        text,
        transform=axes.transAxes,
        ha=side,
        va="top",
        fontsize=SMALL,
        color="#555555",
    )
