"""Piece of the page: learning curves, drawn by its own script."""

import json

from vaex.sweeps.curves import QUANTITIES, SPLITS, page_curves
from vaex.sweeps.job import Job
from vaex.sweeps.sweep_report import SweepReport
from vaex.sweeps.swept_keys import is_numeric, shown


def curves_chart(report: SweepReport) -> str:
    """A chart that the page's script fills, with its data."""
    keys = report.keys
    jobs = keys.ordered
    curves = page_curves(jobs)
    if not any(curves):
        return ""
    swept = keys.swept
    data = {
        "quantities": QUANTITIES,
        "splits": SPLITS,
        "keys": [
            {
                "name": key.name,
                "values": [shown(value) for value in keys.values(key)],
                "numeric": is_numeric(keys.values(key)),
            }
            for key in swept
        ],
        "runs": [
            {
                "name": _run_name(report, job),
                "values": [shown(keys.value(job, k)) for k in swept],
                "curves": its,
            }
            for job, its in zip(jobs, curves, strict=True)
            if its
        ],
    }
    written = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return (
        '<div class="controls">'
        '<label>show <select id="quantity"></select></label>'
        '<label>of <select id="split"></select></label>'
        '<label>colour <select id="colour"></select></label>'
        '<label><input type="checkbox" id="wide"> whole range</label>'
        '<label><input type="checkbox" id="logx"> logarithmic steps</label></div>'
        '<div id="plot"><svg id="chart" role="img" aria-label="learning curves"></svg>'
        '<div id="tip"></div></div><div id="legend"></div>'
        '<p class="small">Point at a curve for its run and value; a click on a value '
        "below the chart hides its runs.</p>"
        f'<script type="application/json" id="curve-data">{written}</script>'
        "<noscript><p>The chart needs the page's own script; "
        '<a href="figures/curves.png">here it stands still</a>.</p></noscript>'
    )


def _run_name(report: SweepReport, job: Job) -> str:
    keys = report.keys
    words = " ".join(f"{k.name}={shown(keys.value(job, k))}" for k in keys.swept)
    return words or job.name
