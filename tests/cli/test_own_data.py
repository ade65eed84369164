"""`data=array`: one file of the user's, read in any format, trained in its own unit."""

import gzip
import json
import math
import struct
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from tests.cli.commands import only_run


def save_csv(path: Path, x: np.ndarray, label: np.ndarray) -> None:
    names = [f"c{i}" for i in range(x.shape[1])] + ["kind"]
    table = np.column_stack([x, label])
    rows = [",".join(repr(float(v)) for v in row) for row in table]
    path.write_text("\n".join([",".join(names), *rows]) + "\n")


def save_idx(path: Path, x: np.ndarray, label: np.ndarray) -> None:
    del label
    header = struct.pack(">BBBBII", 0, 0, 0x0D, 2, *x.shape)
    path.write_bytes(gzip.compress(header + x.astype(">f4").tobytes()))


FORMATS = {
    "table.npy": lambda path, x, label: np.save(path, x),
    "table.npz": lambda path, x, label: np.savez(path, X=x, y=label),
    "table.csv": save_csv,
    "table.idx.gz": save_idx,
    "table.mat": lambda path, x, label: scipy.io.savemat(
        path, {"X": x, "y": label[:, None]}
    ),
}


def results(root: Path) -> dict:
    return json.loads((only_run(root) / "results.json").read_text())


@pytest.fixture(scope="module")
def reference(train, table_file, tmp_path_factory) -> Path:
    """A run on the table; its root."""
    root = tmp_path_factory.mktemp("reference")
    answer = train(root, "data=array", f"data.path={table_file}")
    assert (answer.code, answer.err) == (0, "")
    note = "note: batches hold all 54 examples, as there are fewer than 128"
    assert note in answer.out.splitlines()
    return root


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=() if n == "table.csv" else pytest.mark.slow)
        for n in FORMATS
    ],
)
def test_a_format(train, tmp_path, table, reference, name):
    """The same numbers in any format are the same run, labelled or not."""
    label = np.arange(len(table)) % 3
    FORMATS[name](tmp_path / name, table, label)
    line = ["data=array", f"data.path={tmp_path / name}"]
    if name.endswith(".csv"):
        line.append("data.label=kind")
    code, out, err = train(tmp_path / "runs", *line)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].endswith(" (5,): 54 train, 6 test")
    found, expected = results(tmp_path / "runs"), results(reference)
    for key in ("elbo", "nll", "distortion", "rate"):
        assert found[key] == expected[key]


@pytest.mark.slow
def test_the_jacobian_of_standardisation(vaex, train, tmp_path, table, reference):
    """Data in another unit: the same run, D log(factor) nats lower.

    The factor is no power of two, so that the standardised values differ in their
    last bits: hence the tolerance.
    """
    factor = 10.0
    np.save(tmp_path / "table.npy", factor * table)
    answer = train(tmp_path / "runs", "data=array", f"data.path={tmp_path}/table.npy")
    assert answer.code == 0
    found, expected = results(tmp_path / "runs"), results(reference)
    shift = 5 * math.log(factor)
    for key, sign in {"elbo": -1, "nll": 1, "distortion": 1, "rate": 0}.items():
        value = expected[key]["value"] + sign * shift
        assert found[key]["value"] == pytest.approx(value, abs=1e-3)
        assert found[key]["se"] == pytest.approx(expected[key]["se"], abs=1e-3)
    assert found["active_units"]["value"] == expected["active_units"]["value"]
    assert found["bits_per_dim"]["value"] is None

    recorded = [
        [
            json.loads(s)
            for s in (only_run(r) / "metrics.jsonl").read_text().splitlines()
        ]
        for r in (tmp_path / "runs", reference)
    ]
    for split in ("train", "test"):
        rows = [[r["elbo"] for r in run if r["split"] == split] for run in recorded]
        assert rows[0]
        np.testing.assert_allclose(rows[0], np.subtract(rows[1], shift), atol=1e-3)

    drawn = []
    for root in (tmp_path / "runs", reference):
        code, _, err = vaex("sample", str(only_run(root)), "--num", "100")
        assert (code, err) == (0, "")
        drawn.append(np.load(only_run(root) / "samples-0-100.npz"))
    for name in ("x", "mean"):
        np.testing.assert_allclose(
            drawn[0][name], factor * drawn[1][name], rtol=1e-3, atol=1e-2
        )
    sizes = drawn[1]["x"].std(0) / table.std(0)
    assert ((sizes > 0.3) & (sizes < 5)).all()


@pytest.mark.slow
def test_raw_values_where_asked_for(train, tmp_path, table_file):
    line = ("data=array", f"data.path={table_file}", "preparation=identity")
    answer = train(tmp_path, *line)
    assert (answer.code, answer.err) == (0, "")
    assert "prepared by  Identity" in answer.out


# What cannot be used.

LINE = ("data=array", "data.path=X")


def test_one_message(refused, tmp_path, table):
    table = table.copy()
    table[7, 3] = np.nan
    np.save(tmp_path / "hurt.npy", table)
    line = ("data=array", f"data.path={tmp_path}/hurt.npy")
    message = refused(tmp_path / "runs", *line)
    assert message.startswith(f"data: {tmp_path}/hurt.npy: x must be finite")
    assert "got nan at row 7, column 3" in message


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x: np.where(x == x[9, 0], np.inf, x), "inf at row 9, column 0"),
        (lambda x: x[:0], "two rows at least, to be split, got 0"),
        (lambda x: x[:1], "two rows at least, to be split, got 1"),
        (lambda x: x[:, :0], "at least one row and element"),
        (lambda x: x.astype(str), "must hold numbers, got dtype <U"),
    ],
)
def test_values_that_cannot_be_used(refused_values, tmp_path, table, change, says):
    np.save(tmp_path / "x.npy", change(table))
    message = refused_values(f"data.path={tmp_path}/x.npy", line=LINE)
    assert message.startswith("data: ")
    assert says in message


def test_a_column_is_named(refused_values, tmp_path):
    rows = [f"{i},{2 * i}" for i in range(9)]
    rows[4] = "4,nan"
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["age,height", *rows]) + "\n")
    message = refused_values(f"data.path={path}", line=LINE)
    assert "nan at row 4, column 1 ('height')" in message


@pytest.mark.parametrize("size", [200, 0])
def test_a_file_cut_short(refused_values, tmp_path, table_file, size):
    path = tmp_path / "cut.npy"
    path.write_bytes(table_file.read_bytes()[:size])
    message = refused_values(f"data.path={path}", line=LINE)
    assert ("is not a whole .npy file" if size else "is empty") in message
    assert str(path) in message
    assert "get it again" in message


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("data.path=/nowhere/x.npy", "/nowhere/x.npy does not exist"),
        ("data.path=x.pickle", "path must end in one of"),
        ("data.test_fraction=2", "data.test_fraction must lie between 0 and 1"),
        ("data.event_shape=[7]", "data.event_shape must have as many elements"),
        ("data.key=z", "data.key must be the name of an array"),
        ("data.label=z", "data.label must be the name of an array"),
        ("trainer.batch_size=55", "55 is larger than the 54 training examples"),
    ],
)
def test_arguments_that_do_not_fit(refused_values, table_file, value, says):
    assert says in refused_values(f"data.path={table_file}", value, line=LINE)


@pytest.mark.parametrize(
    ("head", "support"),
    [
        ("bernoulli", "{0, 1}"),
        ("continuous_bernoulli", "[0, 1]"),
        ("discretized_logistic", "the integers 0 to 255"),
        ("categorical", "the integers"),
    ],
)
def test_values_outside_the_support(refused_values, table_file, head, support):
    line = (*LINE, f"likelihood={head}")
    message = refused_values(f"data.path={table_file}", line=line)
    assert message.startswith("likelihood: in the train split, ")
    assert f"is defined on {support}" in message
    assert "values are outside, the first at index (0, " in message
    fitting = message.partition("heads that fit these values: likelihood=")[2]
    assert "gaussian" in fitting.split(", ")
    assert head not in fitting.split(", ")


def test_a_preparation_for_other_data(refused_values, table_file):
    line = (*LINE, "preparation=levels")
    message = refused_values(f"data.path={table_file}", line=line)
    assert "levels needs data of integer levels, got real values" in message


def test_a_decoder_that_cannot_give_the_shape(refused_values, table_file):
    line = (*LINE, "decoder=convolutional")
    message = refused_values(f"data.path={table_file}", line=line)
    assert "not events of shape (5,); use decoder=mlp" in message


def test_nats_of_rows_with_missing_cells_are_those_of_what_is_observed(train, tmp_path):
    """Columns in other units add the logarithm of the factor for each observed cell.

    Powers of two leave the standardised values, and so all draws, as they were.
    """
    generator = np.random.default_rng(0)
    x = generator.normal(size=(60, 3))
    x[generator.random(x.shape) < 0.3] = np.nan
    factors = np.array([2.0, 8.0, 0.25])
    order = np.random.RandomState(0).permutation(60)
    cells = ~np.isnan(x)[order] * np.log(factors)
    parts, rows = [], {}
    for name, table in (("one", x), ("other", x * factors)):
        np.save(tmp_path / f"{name}.npy", table)
        line = ("data=array", f"data.path={tmp_path}/{name}.npy", "data.missing=true")
        line += ("preparation=standardize", "likelihood=gaussian")
        root = tmp_path / name
        answer = train(root, *line, "trainer.evaluate_every=1")
        assert (answer.code, answer.err) == (0, "")
        assert "missing      24.4% of the cells, hidden by the mask" in answer.out
        parts.append(results(root))
        rows[name] = only_run(root) / "metrics.jsonl"
    one, other = parts
    test = cells[54:].sum(1).mean()
    assert other["elbo"]["value"] == pytest.approx(one["elbo"]["value"] - test)
    assert other["nll"]["value"] == pytest.approx(one["nll"]["value"] + test)
    assert other["rate"]["value"] == one["rate"]["value"]
    found = {
        k: list(map(json.loads, p.read_text().splitlines())) for k, p in rows.items()
    }
    for before, after in zip(found["one"], found["other"], strict=True):
        part = cells[:54] if before["split"] == "train" else cells[54:]
        expected = before["elbo"] - part.sum(1).mean()
        assert after["elbo"] == pytest.approx(expected, rel=1e-5), before["split"]
    of_one = loaded_nats(rows["one"].parent, x)
    of_other = loaded_nats(rows["other"].parent, x * factors)
    expected = of_one - (~np.isnan(x) * np.log(factors)).sum(1)
    np.testing.assert_allclose(of_other, expected, rtol=1e-5)


def loaded_nats(path: Path, x: np.ndarray) -> np.ndarray:
    """Log p(x) of the observed cells by the model that a run left."""
    import vaex

    return vaex.load(path).log_prob_estimate(
        np.nan_to_num(x).astype(np.float32), mask=~np.isnan(x)
    )
