"""`vaex evaluate` and `vaex sample`, on whole runs and on damaged ones."""

import json
import shutil

import numpy as np
import pytest

from tests.cli.commands import only_run

# The run that is only read is trained once for both files.
pytestmark = pytest.mark.xdist_group("finished run")


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished run, to write into or to hurt."""
    return shutil.copytree(finished.path, tmp_path / "copy")


def test_the_table(vaex, finished, copy):
    code, out, err = vaex("evaluate", str(copy))
    assert (code, err) == (0, "")
    # On a busy machine lines of progress come first.
    lines = [line for line in out.splitlines() if not line.startswith("evaluating")]
    assert lines[0].rstrip() == "test split, 360 examples"
    table = finished.answer.out.splitlines()
    start = table.index(next(s for s in table if s.startswith("│ ELBO")))
    assert lines[4:10] == table[start : start + 6]
    written = copy / "evaluation-test-4.json"
    assert lines[-1] == f"written  {written}"
    found = json.loads(written.read_text())
    expected = json.loads((copy / "results.json").read_text())
    assert found == {k: v for k, v in expected.items() if k != "training"}
    assert found["verdict"]
    for sentence in found["verdict"]:
        assert sentence in lines
        assert sentence in table


def test_json_of_another_split_with_more_samples(vaex, copy):
    line = ("evaluate", str(copy), "--json")
    code, out, err = vaex(*line, "--split", "train", "--num-samples", "7")
    assert (code, err) == (0, "")
    results = json.loads(out.splitlines()[-1])
    assert (results["split"], results["num_examples"]) == ("train", 1437)
    assert results["nll"]["num_samples"] == 7
    written = copy / "evaluation-train-7.json"
    assert json.loads(written.read_text()) == results


@pytest.mark.slow
def test_samples(vaex, copy):
    code, out, err = vaex("sample", str(copy), "--num", "5", "--seed", "3")
    assert (code, err) == (0, "")
    drawn = np.load(copy / "samples-3-5.npz")
    assert drawn["x"].shape == drawn["mean"].shape == (5, 8, 8)
    levels = drawn["x"] * 16
    np.testing.assert_allclose(levels, levels.round(), atol=1e-5)
    assert drawn["x"].min() >= 0
    assert drawn["x"].max() <= 1
    assert f"samples  {copy}/samples-3-5.npz" in out
    assert (copy / "figures" / "samples-3-5.png").stat().st_size > 0
    vaex("sample", str(copy), "--num", "5", "--seed", "4")
    other = np.load(copy / "samples-4-5.npz")
    assert (other["x"] != drawn["x"]).any()


@pytest.mark.parametrize("verb", ["evaluate", "sample"])
def test_a_full_disk_leaves_no_part_of_a_file(vaex, copy, monkeypatch, verb):
    def full(number):
        raise OSError(28, "No space left on device")

    before = sorted(copy.rglob("*"))
    monkeypatch.setattr("vaex.io.atomic.os.fsync", full)
    code, out, err = vaex(verb, str(copy))
    assert code == 1
    assert err.startswith(f"vaex: cannot read or write {copy}/")
    assert ": No space left on device; the same line again" in err
    assert ("│ ELBO" in out) == (verb == "evaluate")  # what was computed is not lost
    assert sorted(copy.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("evaluate", "--num-samples", "0"), "--num-samples must be at least 1, got 0"),
        (("evaluate", "--num-samples", "few"), "invalid int value: 'few'"),
        (("evaluate", "--split", "valid"), "--split must be one of"),
        (("sample", "--num", "0"), "--num must be at least 1, got 0"),
        (("sample", "--seed", "-1"), "--seed must"),
        (("sample", "--seed", "99999999999999"), "--seed must"),
    ],
)
def test_bad_arguments(vaex, copy, words, says):
    before = set(copy.rglob("*"))
    code, out, err = vaex(words[0], str(copy), *words[1:])
    assert (code, out) == (2, "")
    assert says in err.splitlines()[-1]
    assert set(copy.rglob("*")) == before


@pytest.mark.parametrize("verb", ["evaluate", "sample"])
class TestRunsThatCannotBeRead:
    """One message on stderr, nothing on stdout, nothing written."""

    def says(self, vaex, verb, path) -> str:
        before = set(path.rglob("*")) if path.is_dir() else set()
        code, out, err = vaex(verb, str(path))
        assert (code, out) == (2, "")
        assert err.startswith("vaex: ")
        assert err.count("\n") == 1
        assert set(path.rglob("*")) == before
        return err

    def test_no_run(self, vaex, verb, tmp_path):
        for path in (tmp_path, tmp_path / "nowhere"):
            says = self.says(vaex, verb, path)
            assert f"{path} is not a run directory: it holds no config.json" in says

    def test_a_flipped_bit(self, vaex, verb, copy):
        files = [p for p in (copy / "checkpoints").rglob("*") if p.is_file()]
        largest = max(files, key=lambda p: p.stat().st_size)
        content = bytearray(largest.read_bytes())
        content[len(content) // 2] ^= 4
        largest.write_bytes(content)
        says = self.says(vaex, verb, copy)
        assert f"checkpoint {copy}/checkpoints/4 is damaged" in says

    def test_a_file_of_the_checkpoint_is_gone(self, vaex, verb, copy):
        (copy / "checkpoints" / "4" / "state" / "_METADATA").unlink()
        assert "_METADATA is missing" in self.says(vaex, verb, copy)

    def test_an_unfinished_run(self, vaex, verb, copy):
        shutil.rmtree(copy / "checkpoints")
        status = json.loads((copy / "status.json").read_text()) | {"state": "running"}
        (copy / "status.json").write_text(json.dumps(status))
        says = self.says(vaex, verb, copy)
        assert f"{copy} has no checkpoint (its state is 'running'); run its" in says

    def test_a_damaged_configuration(self, vaex, verb, copy):
        (copy / "config.json").write_text('{"seed": 0')
        assert f"{copy}/config.json is damaged" in self.says(vaex, verb, copy)

    def test_another_model(self, vaex, verb, copy):
        text = (copy / "config.json").read_text()
        (copy / "config.json").write_text(
            text.replace('"latent_dim": 3', '"latent_dim": 2')
        )
        says = self.says(vaex, verb, copy)
        assert f"checkpoint {copy}/checkpoints/4 does not fit the model" in says

    def test_other_data(self, vaex, verb, copy):
        config = json.loads((copy / "config.json").read_text())
        config["data"]["seed"] = 1
        (copy / "config.json").write_text(json.dumps(config))
        assert "trained on other data" in self.says(vaex, verb, copy)


@pytest.mark.slow
def test_samples_from_a_fit_to_the_latents(vaex, copy):
    line = ("sample", str(copy), "--num", "5", "--sampler")
    code, out, err = vaex(*line, "Gaussian")
    assert (code, err) == (0, "")
    name = "samples-0-5-Gaussian"
    assert f"{name}.npz: x ~ p(x), mean E[x|z], shape (5, 8, 8)" in out
    assert np.isfinite(np.load(copy / f"{name}.npz")["mean"]).all()
    assert (copy / "figures" / f"{name}.png").is_file()
    code, _, err = vaex(*line, "Gausian")
    assert code == 2
    assert "--sampler: vaex.samplers has no 'Gausian'; did you mean Gaussian?" in err


@pytest.mark.slow
def test_an_objective_that_refuses_one_example_is_read_back(vaex, train, tmp_path):
    assert train(tmp_path, "objective=wae_mmd").code == 0
    code, _, err = vaex("evaluate", str(only_run(tmp_path)), "--num-samples", "2")
    assert (code, err) == (0, "")
