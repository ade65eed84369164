"""What a user can get wrong on the line: one clear message, and nothing left behind."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.commands import TINY
from vaex.cli._configuration import run_name, slots

HEADS = ", ".join(slots()["likelihood"])


class Case(NamedTuple):
    """Words of a line, and what the message must say."""

    line: str
    says: Sequence[str]


MISSPELT = [
    Case("trainer.epoch=3", ["no key 'trainer.epoch'; did you mean trainer.epochs?"]),
    Case("sede=3", ["there is no key 'sede'; did you mean seed?"]),
    Case("likelyhood=gaussian", ["did you mean likelihood?"]),
    Case("learning_rate=0.1", ["did you mean optimizer.learning_rate?"]),
    Case("optimizer.learnin_rate=0.1", ["did you mean optimizer.learning_rate?"]),
    Case("likelihood=gausian", ["did you mean gaussian?", f"there are: {HEADS}"]),
    Case("data=mnsit", ["data=mnsit", "did you mean mnist?", "fashion_mnist"]),
    Case("likelihood=zzz", [f"there is no such option; there are: {HEADS}"]),
    Case("+likelihood.min_scal=1", ["no argument 'min_scal'; did you mean min_scale?"]),
    Case("+learning_rate=0.1", ["no key 'learning_rate'", "optimizer.learning_rate?"]),
    Case("+trainer.epoch=3", ["no key 'trainer.epoch'", "trainer.epochs?"]),
    Case("+run.rot=x", ["there is no key 'run.rot'; did you mean run.root?"]),
]

TYPES = [
    Case("trainer.epochs=abc", ["trainer.epochs must be an integer, got 'abc'"]),
    Case("trainer.epochs=1.5", ["trainer.epochs must be an integer, got '1.5'"]),
    Case("seed=abc", ["seed must be an integer, got 'abc'"]),
    Case("seed=", ["seed must be an integer, got ''"]),
    Case("run.fresh=maybe", ["run.fresh must be true or false, got 'maybe'"]),
    Case("run.root=null", ["run.root must have a value, got null"]),
    Case("likelihood.min_scale=abc", ["likelihood.min_scale must be a number, got"]),
    Case("encoder.hidden=5", ["encoder.hidden must be a list such as [500, 500]"]),
    Case("likelihood=null", ["likelihood takes the name of an option", HEADS]),
    Case("likelihood=", ["likelihood takes the name of an option", HEADS]),
    Case("likelihood=[]", ["likelihood takes the name of an option", HEADS]),
    Case("data=[1]", ["data=[1]: data takes one option, not a list"]),
    Case(
        "likelihood=[bernoulli,gaussian]",
        ["likelihood takes one option", "with -m likelihood=bernoulli,gaussian"],
    ),
    Case("checkpoint.every_minutes=inf", ["every_minutes must be a finite number"]),
    Case("objective._partial_=nan", ["objective._partial_ must be a finite number"]),
    Case(
        f"objective.num_samples={10**19}", ["num_samples must be a number below 2^63"]
    ),
]

SIZES = [
    Case("seed=-1", ["seed must lie between 0 and 2^32 - 1, got -1"]),
    Case("latent_dim=0", ["latent_dim must be at least 1, got 0"]),
    Case("trainer.batch_size=0", ["trainer.batch_size must be at least 1, got 0"]),
    Case("trainer.batch_size=1438", ["batch_size=1438", "1437 training", "lower it"]),
    Case("encoder.hidden=[8,0]", ["encoder.hidden must hold positive integers, got"]),
]

MALFORMED = [
    Case("=3", ["'=3' is no override: write key=value"]),
    Case("a==b", ["'a==b' is no override: write key=value"]),
    Case("seed", ["'seed' is no override: write key=value"]),
    Case("+seed=1", ["seed is listed already; write seed=VALUE without +"]),
    Case("~seed", ["seed cannot be dropped; give it another value"]),
    Case("~trainer", ["trainer cannot be dropped; give it another value"]),
    Case("~run.fresh", ["run.fresh cannot be dropped; give it another value"]),
    Case("~likelihood", ["likelihood cannot be dropped; give it another value"]),
    Case("data=array", ["data.path must be given: add data.path=VALUE"]),
    Case("likelihood=custom", ["likelihood._target_ must be given: add"]),
    Case("data=custom data._target_=builtins.dict", ["data._target_", "got a dict"]),
]

VALUES = [
    Case("encoder.activation=jax.nn.rleu", ["'rleu'; did you mean relu?"]),
    Case("encoder.activation=5", ["encoder.activation must be the import path"]),
    Case("encoder.activation=math.pi", ["import path of a function", "got 'math.pi'"]),
    Case("encoder.hidden=[a]", ["encoder.hidden[0] must be an integer, got 'a'"]),
    Case("likelihood.min_scale=null", ["likelihood.min_scale must be a number, got"]),
    Case(
        "optimizer.learning_rate=fast", ["learning_rate must be a number, got 'fast'"]
    ),
    Case("optimizer.learning_rate=-1", ["learning_rate must be at least 0, got -1"]),
    Case("optimizer.b1=2", ["optimizer.b1 must be at least 0 and below 1, got 2"]),
    Case("objective.beta=-0.5", ["objective.beta must be at least 0, got -0.5"]),
    Case("optimizer.learning_rate=.inf", ["learning_rate must be finite, got inf"]),
    Case("objective.beta=null", ["objective.beta must be a number, got None"]),
    Case("objective.num_samples=1.5", ["objective.num_samples must be an integer"]),
    Case("model.closed_form_kl=perhaps", ["true or false, got 'perhaps'", "'auto'"]),
    Case(
        "posterior.latent_dim=-4", ["posterior.latent_dim must be at least 1, got -4"]
    ),
    Case("decoder.hidden=[-3]", ["decoder.hidden must hold positive integers, got"]),
    Case("trainer.batch_size=-1", ["trainer.batch_size must be at least 1, got -1"]),
    Case("trainer.epochs=0", ["trainer.epochs must be at least 1, got 0"]),
    Case("trainer.steps=-3", ["trainer.steps must be at least 1, got -3"]),
    Case(
        "trainer.steps=null trainer.epochs=null", ["trainer.epochs and trainer.steps"]
    ),
    Case("evaluation.num_samples=0", ["evaluation.num_samples must be at least 1"]),
    Case("objective.num_samples=0", ["num_samples of the objective must be at least"]),
    Case("likelihood.min_scale=-1", ["likelihood.min_scale must be above 0, got -1"]),
    Case("prior.latent_dim=5", ["prior.latent_dim must be equal", "(16,)", "(5,)"]),
    Case("encoder._target_=vaex.nn.mlp.MLPDecoder", ["the parts do not fit together"]),
]

CONVOLUTIONS = [
    Case("encoder.channels=[0]", ["encoder.channels must hold positive integers, got"]),
    Case("decoder.channels=[4,-1]", ["decoder.channels must hold positive integers"]),
    Case("encoder.features=0", ["encoder.features must hold positive integers, got"]),
]

TARGETS = [
    Case("nowhere.Head", ["likelihood._target_: cannot import 'nowhere.Head'; give"]),
    Case(
        "Head", ["cannot import 'Head'; give a full path such as my_lab.heads.MyHead"]
    ),
    Case("3", ["cannot import '3'"]),
    Case("math.nothing", ["likelihood._target_: math has no 'nothing'"]),
    Case("math.pi", ["must name a class or a function, got math.pi", "float"]),
    Case("math.sqrt", ["likelihood: sqrt needs the argument 'x'"]),
    Case("vaex.likelihoods.gausian.Gaussian", ["did you mean gaussian?"]),
    Case(
        "vaex.priors.standard_gaussian.StandardGaussian",
        ["likelihood._target_ must give something with 'support'", "subclass"],
    ),
]


def identify(case: Case) -> str:
    return case.line


@pytest.mark.parametrize("case", [*MISSPELT, *TYPES, *SIZES, *MALFORMED], ids=identify)
def test_one_message(refused, tmp_path, case):
    message = refused(tmp_path / "runs", *case.line.split())
    for words in case.says:
        assert words in message


@pytest.mark.parametrize("case", VALUES, ids=identify)
def test_values(refused_values, case):
    message = refused_values(*case.line.split())
    for words in case.says:
        assert words in message


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=identify)
def test_sizes_of_convolutions(refused_values, case):
    line = ("encoder=convolutional", "decoder=convolutional")
    message = refused_values(case.line, line=line)
    for words in case.says:
        assert words in message


@pytest.mark.parametrize("case", TARGETS, ids=identify)
def test_a_target_that_is_no_head(refused_values, case):
    line = ("likelihood=custom", "likelihood._target_=X")
    message = refused_values(f"likelihood._target_={case.line}", line=line)
    for words in case.says:
        assert words in message


@pytest.mark.parametrize("slot", ["model", "preparation"])
def test_a_target_that_is_no_such_part(refused_values, slot):
    line = (f"{slot}=custom", f"{slot}._target_=builtins.dict")
    message = refused_values(line=line)
    assert message.startswith(f"{slot}._target_ must give something with ")
    assert "got a dict" in message


def test_the_keys_of_the_chosen_options_are_suggested(vaex):
    line = ("train", "encoder=convolutional", "encoder.chanels=[4]")
    code, _, err = vaex(*line)
    assert code == 2
    assert "did you mean encoder.channels?" in err
    assert "+encoder.chanels=VALUE would add an argument" in err


def test_traceback_on_request(train, tmp_path, monkeypatch):
    monkeypatch.setenv("VAEX_TRACEBACK", "1")
    code, _, err = train(tmp_path, "seed=-1")
    assert code == 2
    assert "Traceback (most recent call last)" in err
    last = "vaex: seed must lie between 0 and 2^32 - 1, got -1"
    assert err.splitlines()[-1] == last


# The run directory.


def test_an_empty_root(vaex):
    code, _, err = vaex("train", "run.root=")
    assert code == 2
    assert err == "vaex: run.root must name a folder, got ''; leave it out for runs/\n"


@pytest.mark.parametrize("below", ["", "/below"])
@pytest.mark.parametrize("flag", [(), ("-m",)])
def test_a_file_in_the_way_of_the_root(vaex, tmp_path, below, flag):
    (tmp_path / "file").write_text("mine")
    code, out, err = vaex("train", *flag, f"run.root={tmp_path}/file{below}")
    assert (code, out) == (2, "")
    assert err.startswith(f"vaex: cannot make the run directory {tmp_path}/file")
    assert err.endswith("; choose another place with run.root=FOLDER\n")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.fixture
def folder(composed, tmp_path) -> Path:
    """The directory of a run of TINY, before it starts."""
    return tmp_path / run_name(composed(*TINY))


def test_a_file_in_the_way_of_a_record(train, tmp_path, folder):
    (folder / "status.json").mkdir(parents=True)
    code, out, err = train(tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith(f"vaex: cannot write the run directory {folder}: ")
    assert "choose another place with run.root=FOLDER" in err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_root_that_may_not_be_written(vaex, tmp_path):
    tmp_path.chmod(0o500)
    try:
        code, _, err = vaex("train", f"run.root={tmp_path}/runs")
    finally:
        tmp_path.chmod(0o700)
    assert code == 2
    assert "cannot make the run directory" in err
    assert "Permission denied" in err


def test_a_damaged_record_of_the_run(train, tmp_path, folder):
    """The same line meets a directory whose status.json was cut short."""
    folder.mkdir()
    (folder / "status.json").write_text('{"state": "fin')
    code, _, err = train(tmp_path)
    assert code == 2
    assert f"{folder}/status.json is damaged" in err
    assert "move the run directory aside" in err
    assert (folder / "status.json").read_text() == '{"state": "fin'


@pytest.mark.parametrize(
    "objective",
    [
        pytest.param(name, marks=[] if name == "factor_vae" else pytest.mark.slow)
        for name in (
            "factor_vae",
            "beta_tcvae",
            "dip_vae_i",
            "dip_vae_ii",
            "info_vae",
            "wae_mmd",
        )
    ],
)
def test_an_objective_that_compares_examples_needs_two(refused_values, objective):
    line = (f"objective={objective}",)
    message = refused_values("trainer.batch_size=1", line=line)
    assert "needs at least 2 " in message
    assert "raise trainer.batch_size" in message
