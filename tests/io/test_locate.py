"""Import paths of a configuration: what they name, and what stops them."""

import math
import sys

import jax
import pytest

from vaex.errors import InputError
from vaex.io.construction import locate, suggestion


def test_locate():
    assert locate("math.pi", "key") is math.pi
    assert locate("jax.nn.relu", "key") is jax.nn.relu
    assert locate("vaex.likelihoods.gaussian.Gaussian.support", "key")
    lazily = locate("vaex.likelihoods.Gaussian", "key")
    assert lazily is locate("vaex.likelihoods.gaussian.Gaussian", "key")


@pytest.mark.parametrize("path", ["", "relu", "3", "no where.X", ".x", "a..b", "x."])
def test_what_is_no_import_path(path):
    with pytest.raises(InputError, match="^key: cannot import .*give a full path"):
        locate(path, "key")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.Head", "key: cannot import 'nowhere.Head'; give a full path"),
        ("math.sni", "key: math has no 'sni'; did you mean sin?"),
        ("math.pi.x", "key: math.pi has no 'x'"),
        ("jax.nn.rleu", "key: jax.nn has no 'rleu'; did you mean relu?"),
        ("vaex.nn.mpl.MLPEncoder", "key: vaex.nn has no 'mpl'; did you mean mlp?"),
        ("vaex.priors.zzz.X", "key: vaex.priors has no 'zzz'"),
    ],
)
def test_a_path_that_leads_nowhere(path, message):
    with pytest.raises(InputError) as caught:
        locate(path, "key")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "import not_installed",
            "ModuleNotFoundError: No module named 'not_installed'",
        ),
        ("import a_lab_of_mine.absent", "ModuleNotFoundError: No module named 'a_lab"),
        ("from math import pj", "ImportError: cannot import name 'pj'"),
        ("x = (", "SyntaxError: "),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_module_that_cannot_be_imported(tmp_path, monkeypatch, text, reason):
    """Not "no such path": what stopped the user's own module."""
    (tmp_path / "a_lab_of_mine").mkdir()
    (tmp_path / "a_lab_of_mine" / "heads.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError) as caught:
        locate("a_lab_of_mine.heads.Head", "likelihood._target_")
    start = "likelihood._target_: importing a_lab_of_mine.heads failed: "
    assert str(caught.value).startswith(start + reason)
    assert caught.value.__cause__ is not None
    sys.modules.pop("a_lab_of_mine", None)


def test_suggestion():
    assert suggestion("epoch", ["epochs", "steps"]) == "; did you mean epochs?"
    assert suggestion("zzz", ["epochs", "steps"]) == ""
