"""Figures for the page of a sweep: its own, and thumbnails of its runs'."""

from pathlib import Path

from vaex.cli._sweep_figures import figures_of
from vaex.figures.inline_svg import to_inline_svg
from vaex.figures.saving import save_figure
from vaex.figures.thumbnails import thumbnail
from vaex.sweeps.job import Job
from vaex.sweeps.links import link_to
from vaex.sweeps.page import PageFigure, PagePicture
from vaex.sweeps.sweep_report import SweepReport
from vaex.sweeps.swept_keys import shown

EMBEDDED = 150
"""Thumbnails inside of the page; further figures are linked."""


def page_figures(report: SweepReport, folder: Path) -> list[PageFigure]:
    """Draws the report's figures, saves them, and gives them as they go on the page.

    Curves are saved only: the page draws its own.
    """
    found = []
    for one in figures_of(report):
        figure = one.draw()
        path = save_figure(figure, folder / "figures" / f"{one.name}.png")
        if one.name != "curves":
            file = f"figures/{path.name}"
            found.append(PageFigure(one.title, to_inline_svg(figure, one.title), file))
    return found


def page_pictures(report: SweepReport, folder: Path) -> list[PagePicture]:
    """Figures of one run of each configuration, of the first seed that has any."""
    found: list[PagePicture] = []
    for job, caption in _chosen(report):
        for path in sorted((job.folder / "figures").glob("*.png")):
            link = link_to(path, folder)
            source = link
            if len(found) < EMBEDDED:
                try:
                    source = thumbnail(path)
                except OSError:
                    continue
            found.append(PagePicture(path.stem, caption, source, link))
    return found


def _chosen(report: SweepReport) -> list[tuple[Job, str]]:
    keys = report.keys
    chosen: dict[tuple, tuple[Job, str]] = {}
    for job in keys.ordered:
        values = tuple(keys.value(job, key) for key in keys.over)
        if values not in chosen and any((job.folder / "figures").glob("*.png")):
            pairs = zip(keys.over, values, strict=True)
            words = [f"{key.name}={shown(value)}" for key, value in pairs]
            elbo = report.states[job].elbo if job in report.states else None
            end = [] if elbo is None else [f"({elbo:.2f} nats)".replace("-", "−")]
            caption = " ".join([*words, f"seed={job.seed}", *end])
            chosen[values] = job, caption
    return list(chosen.values())
