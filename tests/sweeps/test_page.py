"""The page: whole HTML, nothing fetched, everything escaped."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from tests.sweeps.made_up import configuration, write_grid, write_run
from vaex.sweeps.collection import collect
from vaex.sweeps.page import PageFigure, PagePicture, page_html
from vaex.sweeps.sweep_report import make_report

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
VOID = {"meta", "img", "input", "br", "line", "circle", "path"}


class Reader(HTMLParser):
    """Elements that are open, those that were seen, and addresses."""

    def __init__(self, page):
        super().__init__()
        self.open, self.seen, self.addresses = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        values = dict(attrs)
        self.addresses += [values[n] for n in ("href", "src") if n in values]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    root = tmp_path_factory.mktemp("grid")
    write_grid(root)
    return make_report(collect(root))


def test_a_page_is_whole_and_fetches_nothing(report):
    figure = PageFigure("heat map", "<svg></svg>", "figures/heat-map.png")
    picture = PagePicture("samples", "beta=1", "data:image/webp;base64,AA", "../s.png")
    page = page_html(report, [figure], [picture])
    found = Reader(page)
    for address in found.addresses:
        assert not address.startswith(("http", "//")), address
    assert "url(http" not in page
    assert "@import" not in page
    names = {values["href"][1:] for tag, values in found.seen if tag == "a"
             and values["href"].startswith("#")}  # fmt: skip
    ids = {values.get("id") for _, values in found.seen}
    assert names <= ids
    assert {"results", "figures", "curves", "comparisons", "runs", "pictures"} <= names


def test_the_head_line_and_the_command(report):
    page = page_html(report)
    estimate = report.bests[0].group.estimate
    assert f"−{abs(estimate.mean):.1f} ± {estimate.se:.1f}" in page
    assert "nats per example" in page
    assert "vaex train -m optimizer.learning_rate=0.003 objective.beta=1.0" in page
    assert "18 finished" in page


def test_the_curves_are_those_of_the_runs(report):
    page = page_html(report)
    text = re.search(r'id="curve-data">(.*?)</script>', page, re.DOTALL)[1]
    data = json.loads(text)
    assert [key["name"] for key in data["keys"]] == ["learning_rate", "beta", "seed"]
    assert len(data["runs"]) == 18
    run = data["runs"][0]
    job = report.keys.ordered[0]
    expected = [row["elbo"] for row in job.rows if row["split"] == "test"]
    steps, values = run["curves"]["elbo"]["held-out"]
    assert steps == [5, 10, 20]
    assert values == pytest.approx(expected, rel=1e-5)  # six digits are on the page
    assert run["name"] == "learning_rate=0.001 beta=0.5 seed=0"


def test_failures_with_reasons_and_letters_that_mean_something(tmp_path):
    write_run(tmp_path / "ok", configuration(note="<script>alert(1)</script>"))
    bad = configuration(note='"&')
    run = write_run(tmp_path / "bad", bad, state="diverged", reason="loss is <nan>")
    (run / "error.txt").write_text("a longer story & more\n")
    page = page_html(make_report(collect(tmp_path)), folder=tmp_path / "report")
    assert "<script>alert" not in page
    assert "loss is &lt;nan&gt;" in page
    assert "a longer story &amp; more" in page
    assert 'href="../bad"' in page
    assert "1 diverged" in page
    Reader(page)


def test_nothing_is_finished(tmp_path):
    write_run(tmp_path / "a", configuration(), state="failed", reason="no disk")
    page = page_html(make_report(collect(tmp_path)))
    assert "No run is finished yet." in page
    assert "no disk" in page
    Reader(page)


def test_a_job_that_has_not_begun(tmp_path):
    write_grid(tmp_path, seeds=1)
    (sweep,) = (tmp_path / "sweeps").iterdir()
    record = json.loads((sweep / "sweep.json").read_text())
    words = ["objective.beta=9", "optimizer.learning_rate=0.001", "seed=0"]
    record["jobs"].append({"number": 6, "overrides": words, "run": "../../nowhere"})
    (sweep / "sweep.json").write_text(json.dumps(record))
    report = make_report(collect(sweep))
    page = page_html(report)
    assert "not started" in page
    assert "one seed tells no error" in page
    Reader(page)


def test_numbers_are_to_the_right_and_sort_by_their_value(report):
    cells = re.findall(r'<td class="num" data-value="(-9\d\.\d+)">', page_html(report))
    assert len(cells) >= 6


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
def test_a_browser_draws_a_curve_of_each_run(report, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(page_html(report, [], []), encoding="utf-8")
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    line = [str(BROWSER), *options, profile, file.as_uri()]
    shown = subprocess.run(
        line, capture_output=True, text=True, timeout=120, check=True
    )
    assert shown.stdout.count('class="curve"') == 18
    assert "optimizer step" in shown.stdout
