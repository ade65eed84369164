"""Tables in files: read back by a parser, numbers and all."""

import csv
import io
import re

import pytest

from tests.sweeps.made_up import configuration, write_grid, write_run
from vaex.sweeps.collection import collect
from vaex.sweeps.sweep_report import make_report
from vaex.sweeps.table_files import (
    as_latex,
    as_markdown,
    comparisons_csv,
    means_csv,
    runs_csv,
    write_tables,
)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    root = tmp_path_factory.mktemp("grid")
    write_grid(root)
    return make_report(collect(root))


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_for_each_run(report):
    found = rows(runs_csv(report))
    assert len(found) == 18
    first = found[0]
    assert (first["job"], first["state"], first["seed"]) == ("0", "finished", "0")
    assert float(first["optimizer.learning_rate"]) == 0.001
    assert first["elbo_se"] == "0.5"
    assert first["nll_unit"] == "nats/example"
    assert float(first["nll"]) == -float(first["elbo"]) - 2


def test_a_row_for_each_configuration_and_metric(report):
    found = rows(means_csv(report))
    assert len(found) == 12
    best = max(
        (row for row in found if row["metric"] == "elbo"),
        key=lambda r: float(r["mean"]),
    )
    (expected,) = report.bests
    assert float(best["mean"]) == expected.group.estimate.mean
    assert float(best["se"]) == expected.group.estimate.se
    assert (best["n"], best["run_se"]) == ("3", "0.5")
    assert best["objective.beta"] == "1.0"


def test_a_row_for_each_pair(report):
    found = rows(comparisons_csv(report))
    assert len(found) == 15
    first = found[0]
    assert first["first"] == "learning_rate=0.003 beta=1"
    assert first["second"] == "learning_rate=0.001 beta=1"
    assert float(first["low"]) < float(first["difference"]) < float(first["high"])


def test_markdown(report):
    lines = as_markdown(report.tables).splitlines()
    assert lines[0] == (
        "| learning_rate | beta | ELBO (nats per example) | NLL (nats per example) "
        "| seeds |"
    )
    assert lines[1] == "| ---: | ---: | ---: | ---: | ---: |"
    assert re.fullmatch(
        r"\| 0.003 \| 1 \| −9\d\.\d ± \d\.\d \| 9\d\.\d ± \d\.\d \| 3 \|", lines[6]
    )


def test_latex(report):
    text = as_latex(report.tables)
    assert "\\begin{tabular}{rrrrr}\n\\toprule\nlearning\\_rate & beta & ELBO" in text
    assert text.count("\\pm") == 12
    assert text.count("\\\\\n") == 7
    assert "−" not in text  # the minus of typography is no LaTeX
    assert re.search(r"0.003 & 1 & \$-9\d\.\d \\pm \d\.\d\$ &", text)


def test_letters_that_mean_something(tmp_path):
    for number, name in enumerate(("a|b", "50%_&$#{}~^\\")):
        config = configuration(note=name)
        write_run(tmp_path / str(number), config, elbo=-1.0)
    report = make_report(collect(tmp_path))
    assert "| a\\|b |" in as_markdown(report.tables)
    special = r"50\%\_\&\$\#\{\}\textasciitilde{}\textasciicircum{}\textbackslash{} &"
    assert special in as_latex(report.tables)


def test_a_value_that_lacks(tmp_path):
    for beta, state in ((1.0, "finished"), (4.0, "diverged")):
        write_run(tmp_path / str(beta), configuration(beta=beta), state=state)
    report = make_report(collect(tmp_path))
    assert "| 4 | - | - | 0 |" in as_markdown(report.tables)
    assert "4 & -- & -- & 0 \\\\" in as_latex(report.tables)
    assert rows(means_csv(report))[1]["mean"] == ""


def test_nothing_is_finished(tmp_path):
    write_run(tmp_path / "a", configuration(), state="failed")
    report = make_report(collect(tmp_path))
    (tmp_path / "out").mkdir()
    written = write_tables(report, tmp_path / "out")
    assert [path.name for path in written] == [
        "runs.csv",
        "table.csv",
        "comparisons.csv",
        "table.md",
        "table.tex",
    ]
    assert written[3].read_text() == "No run is finished.\n"
    assert "failed" in written[0].read_text()
