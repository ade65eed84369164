"""An export is the run's model without its data: same bits, checked, never half."""

import json
import shutil
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import vaex
from tests.training.toy import assert_same_bits
from vaex.errors import InputError
from vaex.io import _checksums
from vaex.io.export import export_run
from vaex.io.load import load_run

# One run for all files that read it.
pytestmark = pytest.mark.xdist_group("runs read back")

FILES = {"README.md", "config.json", "manifest.json", "model.safetensors"}


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    return export_run(load_run(trained[0]), tmp_path_factory.mktemp("out") / "model")


@pytest.fixture
def moved(exported, tmp_path):
    """A copy of the export in another place, to be hurt."""
    return shutil.copytree(exported, tmp_path / "elsewhere" / "another name")


def refused(path) -> str:
    """The one line that `vaex.load` says of a folder."""
    with pytest.raises(InputError) as caught:
        vaex.load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rewritten(folder, change, tensors=False):
    """The folder with other facts or tensors, and sums that are right for them."""
    (folder / "manifest.json").unlink()
    if tensors:
        path = folder / "model.safetensors"
        save_file(change(load_file(path)), path)
    else:
        path = folder / "config.json"
        facts = json.loads(path.read_text())
        change(facts)
        path.write_text(json.dumps(facts))
    _checksums.write_manifest(folder, {"format": "vaex export", "version": 2})
    return folder


def check_bits(one, two, calls):
    """Both models answer alike, bit for bit."""
    for name, argument in calls:
        ours, theirs = (getattr(model, name)(argument) for model in (one, two))
        assert isinstance(ours, np.ndarray)
        assert ours.dtype == np.float32
        assert ours.tobytes() == theirs.tobytes(), name


@pytest.fixture
def both(trained, moved, monkeypatch, tmp_path):
    """The model of the run and, without a folder of data, that of the export."""
    one = vaex.load(trained[0])
    monkeypatch.delenv("VAEX_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    return one, vaex.load(moved)


def test_an_export_is_the_model_of_its_run(trained, both):
    run, (one, two) = load_run(trained[0]), both
    for found in both:
        assert_same_bits(found.variables, run.variables)
        for name in ("train_mean", "train_std"):
            moments = (
                getattr(found.stored, name),
                getattr(run.parts.dataset.spec(), name),
            )
            assert moments[0].tobytes() == moments[1].tobytes()
        assert found.preparation.log_det == run.parts.preparation.log_det
        assert found.results == json.loads((trained[0] / "results.json").read_text())
        assert found.config == run.config
    check_bits(one, two, [("encode", np.ones((3, 4)))])


@pytest.mark.slow
def test_an_export_gives_the_bits_of_its_run_and_the_results_of_its_evaluation(
    trained, both
):
    x = load_run(trained[0]).parts.dataset.splits["test"]["x"]
    two = both[1]
    calls = [("reconstruct", x), ("decode", np.ones((3, 2))), ("sample", 4)]
    check_bits(*both, [*calls, ("log_prob_estimate", x)])
    assert two.encode(x).shape == (6, 2)
    assert two.reconstruct(x).shape == x.shape
    decoded = two.decode(two.encode(x))
    np.testing.assert_allclose(decoded, two.reconstruct(x), rtol=1e-5)
    nll = -two.log_prob_estimate(x).mean(dtype=np.float64)
    assert nll == pytest.approx(trained[1]["nll"]["value"], rel=1e-6)


def test_a_run_without_its_data_advises_to_export(trained, tmp_path):
    run = shutil.copytree(trained[0], tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    config["data"]["path"] = str(tmp_path / "gone.npy")
    (run / "config.json").write_text(json.dumps(config))
    says = refused(run)
    assert f"{run} is a run directory, which is loaded with its data" in says
    assert "gone.npy" in says
    assert "run `vaex export` where they are" in says


def test_what_an_export_holds(trained, exported):
    assert {path.name for path in exported.iterdir()} == FILES
    assert not [path for path in exported.parent.iterdir() if path != exported]
    facts = json.loads((exported / "config.json").read_text())
    assert facts["spec"] == {
        "event_shape": [4],
        "num_classes": None,
        "condition_dim": 0,
    }
    status = json.loads((trained[0] / "status.json").read_text())
    assert facts["data"] == status["data"]
    others = (exported / "config.json").stat().st_mode
    assert (exported / "model.safetensors").stat().st_mode == others
    tensors = load_file(exported / "model.safetensors")
    assert tensors["params/posterior/projection/kernel"].shape == (8, 4)
    assert tensors["params/likelihood/raw_scale"].shape == ()
    values = np.load(trained[0].parent / "X.npy")
    # The moments are those of 54 of the 60 rows.
    assert np.abs(tensors["spec/train_mean"] - values.mean(0)).max() < 0.5
    sizes = {k: v.size for k, v in tensors.items() if k.startswith("params/")}
    card = (exported / "README.md").read_text()
    assert f"{sum(sizes.values()):,} numbers" in card
    for words in (
        "data X",
        facts["data"]["checksum"],
        "vaex.preparations.standardize.Standardize",
        "shared_scale_gaussian.SharedScaleGaussian()",
        "DiagonalGaussian(latent_dim=2)",
        "evidence_lower_bound.elbo(beta=0.5)",
        f"| elbo | {trained[1]['elbo']['value']:.6g} |",
        "nats/example |",
        'vaex.load("THIS FOLDER")',
        "License: (yours to state)",
        f"jax {facts['versions']['jax']}",
    ):
        assert words.replace("data X", "of X") in card, words


def test_a_card_may_be_edited_and_files_added(moved):
    (moved / "README.md").write_text("License: MIT")
    (moved / "LICENSE").write_text("MIT")
    assert vaex.load(moved).variables.keys() == {"params"}


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_changed_or_missing_file_is_refused(moved, name):
    file = moved / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert f"the export {moved} is damaged: {name} was changed" in refused(moved)
    file.unlink()
    assert f"is damaged: {name} is missing; export it again" in refused(moved)


def test_a_damaged_manifest_and_a_half_written_folder_are_refused(moved):
    text = (moved / "manifest.json").read_text()
    (moved / "manifest.json").write_text(text.replace("config.json", "konfig.json"))
    assert "is damaged: manifest.json was changed" in refused(moved)
    (moved / "manifest.json").write_text(text[:40])
    assert "is damaged: manifest.json was changed" in refused(moved)
    (moved / "manifest.json").unlink()
    assert "was not written to its end: it holds no manifest.json" in refused(moved)


def test_what_is_no_model_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        assert f"{path} is neither an export nor a run directory" in refused(path)


def test_an_export_is_no_run(moved):
    with pytest.raises(InputError, match="is an export, which holds neither data nor"):
        load_run(moved)


def test_a_missing_module_is_named_with_its_key(moved):
    def change(facts):
        facts["config"]["likelihood"]["_target_"] = "my_lab.heads.MyHead"

    says = refused(rewritten(moved, change))
    assert "likelihood._target_: cannot import 'my_lab.heads.MyHead'" in says


def test_another_preparation_is_refused(moved):
    def change(facts):
        facts["preparation"]["log_det"] += 1.0

    assert "was trained with another preparation" in refused(rewritten(moved, change))


def test_another_version_of_the_format_is_refused(moved):
    (moved / "manifest.json").unlink()
    _checksums.write_manifest(moved, {"format": "vaex export", "version": 1})
    assert "has format version 1, this vaex reads version 2" in refused(moved)


def test_tensors_that_do_not_fit_are_counted_and_named(moved):
    def change(tensors):
        tensors["params/decoder/Dense_9/bias"] = np.zeros(3, np.float32)
        del tensors["params/likelihood/raw_scale"]
        del tensors["params/posterior/projection/bias"]
        kernel = "params/posterior/projection/kernel"
        return tensors | {kernel: tensors[kernel][:, :3].copy()}

    says = refused(rewritten(moved, change, tensors=True))
    assert "does not fit the model of its config.json in 4 places" in says
    assert "(2 missing, 1 left over, 1 of another shape)" in says
    assert "the first params/decoder/Dense_9/bias: saved float32[3]" in says
    assert "the model has nothing" in says


def test_an_existing_target_is_kept_unless_it_is_an_export(trained, moved):
    run = load_run(trained[0])
    before = (moved / "manifest.json").read_bytes()
    with pytest.raises(InputError, match="exists already; choose another place with"):
        export_run(run, moved)
    assert (moved / "manifest.json").read_bytes() == before
    (moved / "model.safetensors").write_bytes(b"old")
    assert export_run(run, moved, force=True) == moved
    assert (moved / "manifest.json").read_bytes() == before
    home = moved.parent / "home"
    home.mkdir()
    (home / "thesis.txt").write_text("all of it")
    with pytest.raises(InputError, match="is no export, and --force replaces nothing"):
        export_run(run, home, force=True)
    assert [path.name for path in home.iterdir()] == ["thesis.txt"]


def test_an_export_that_fails_leaves_nothing(trained, moved, monkeypatch):
    """As from a disk that is full while the last file is written."""

    def full(folder, facts):
        raise OSError(28, "No space left on device")

    run, before = load_run(trained[0]), sorted(moved.parent.rglob("*"))
    monkeypatch.setattr(_checksums, "write_manifest", full)
    for target, force in ((moved, True), (moved.parent / "new", False)):
        with pytest.raises(InputError, match="cannot write .*: No space left on devi"):
            export_run(run, target, force=force)
    assert sorted(moved.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("method", "arguments", "says"),
    [
        ("encode", (np.ones((2, 3)),), r"x must have shape \[N, 4\], got \(2, 3\)"),
        ("encode", (np.ones((0, 4)),), "x must hold at least one example"),
        ("encode", (np.ones((2, 4)), np.ones((2, 1))), "condition must be left out"),
        ("decode", (np.ones(2),), r"z must be \[N, L\]"),
        ("sample", (0,), "num must be at least 1, got 0"),
        ("log_prob_estimate", (np.ones((2, 4)), -1), "num_samples must be at least 1"),
    ],
)
def test_bad_arguments_are_named(exported, method, arguments, says):
    with pytest.raises(InputError, match=says):
        getattr(vaex.load(exported), method)(*arguments)


def test_nothing_is_unpickled(exported, monkeypatch):
    for name in ("pickle", "_pickle", "cloudpickle", "orbax.checkpoint"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "encode" in repr(vaex.load(exported))
