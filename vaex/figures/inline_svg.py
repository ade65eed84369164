"""A figure as a piece of a web page that takes the page's colours."""

import html
import io
import re
from collections.abc import Iterator

import matplotlib
from matplotlib.artist import Artist
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.spines import Spine
from matplotlib.text import Text

from vaex.figures._style import BLUE, CLASSES, GREEN, VERMILION

INK = "#010203"
"""Stands in the drawing for the page's colour of text."""

INKS = {"#000000", "#262626", "#555555"}


def to_inline_svg(figure: Figure, description: str) -> str:
    """SVG without a background, its text and axes in the page's `currentColor`.

    Colours of lines are the page's `--c0`, `--c1`, ..., where it has them: blue,
    vermilion and green, then those of classes.

    The figure's own colours change with it: draw it anew for another use.

    Args:
      figure: what to draw.
      description: of it, for readers who do not see it.

    Returns:
      One `<svg>` element, as wide as its place; the same figure gives the same text.

    >>> text = to_inline_svg(Figure(), "nothing")
    >>> text.startswith('<svg role="img" aria-label="nothing"')
    True
    """
    figure.patch.set_alpha(0)
    for axes in figure.axes:
        axes.patch.set_alpha(0)
    for artist in _inked(figure):
        if isinstance(artist, Patch):
            artist.set_edgecolor(INK)
        else:
            artist.set(color=INK)
    for axes in figure.axes:
        axes.tick_params(which="both", color=INK)
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "vaex", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r"^.*?<svg", "<svg", buffer.getvalue(), flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[\d.]+pt"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[\d.]+pt"', r"\1", text, count=1)
    start = f'<svg role="img" aria-label="{html.escape(description)}"'
    text = text.replace("<svg", start, 1)
    for number, colour in enumerate([BLUE, VERMILION, GREEN, *CLASSES]):
        own = f"var(--c{number}, {colour.lower()})"
        text = re.sub(f"(stroke|fill): {colour}", rf"\1: {own}", text, flags=re.I)
    return text.replace(INK, "currentColor")


def _inked(figure: Figure) -> Iterator[Artist]:
    """Text and frames in the colours that stand for ink."""
    for text in figure.findobj(Text):
        if to_hex(text.get_color()) in INKS:
            yield text
    for spine in figure.findobj(Spine):
        if to_hex(spine.get_edgecolor()) in INKS:
            yield spine
