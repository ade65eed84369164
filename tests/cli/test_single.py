"""A single run is composed once, and is what `hydra.main` makes of its line."""

import hydra
import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl

from tests.cli.commands import TINY, only_run

RECORDS = ("config", "hydra", "overrides")
OWN = ("seed=3", "run.root=runs")


def _records(folder):
    run = only_run(folder / "runs")
    found = {n: (run / ".hydra" / f"{n}.yaml").read_text() for n in RECORDS}
    return run.name, {n: t.replace(str(folder), "") for n, t in found.items()}


def test_its_record_is_that_of_hydra(vaex, tmp_path, table_file, monkeypatch):
    line = ("train", *TINY, *OWN, "data=array", f"data.path={table_file}")
    composed, found = [], []

    def load(loader, *words, load=ConfigLoaderImpl.load_configuration, **options):
        composed.append(words)
        return load(loader, *words, **options)

    monkeypatch.setattr(ConfigLoaderImpl, "load_configuration", load)
    for name, alone in (("once", True), ("twice", False)):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        if not alone:
            monkeypatch.setattr("vaex.cli._single.run_single", lambda *given: False)
        code, _, err = vaex(*line)
        assert (code, err) == (0, "")
        found.append(_records(folder))
        assert len(composed) == (1 if alone else 3)
    added = "    hydra:\n    - hydra.mode=RUN\n"  # by Hydra, where no mode is given
    assert added in found[1][1]["hydra"]
    found[1][1]["hydra"] = found[1][1]["hydra"].replace(added, "    hydra: []\n")
    assert found[0] == found[1]


@pytest.mark.parametrize("words", [("-m",), ("hydra.mode=MULTIRUN",), ("--info",)])
def test_other_lines_are_left_to_hydra(vaex, tmp_path, monkeypatch, words):
    seen = []
    monkeypatch.setattr(
        hydra, "main", lambda **given: lambda task: lambda: seen.append(1)
    )
    code, _, err = vaex("train", *TINY, f"run.root={tmp_path}", *words)
    assert (code, err, seen) == (0, "", [1])
    assert not list(tmp_path.iterdir())
