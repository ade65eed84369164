"""`vaex doctor`: what a bug report needs."""

import platform

import jax


def test_it_reports(vaex):
    code, out, err = vaex("doctor")
    assert err == ""
    assert code == int("outside the tested window" in out)
    assert f"python    {platform.python_version()}" in out
    (line,) = (s for s in out.splitlines() if s.split()[:1] == ["jax"])
    assert line.split()[1] == jax.__version__
    assert "devices   cpu:0" in out
    assert "compiled  " in out
    (line,) = (s for s in out.splitlines() if s.split()[:1] == ["digits"])
    assert line.split()[1] == "ready"


def test_a_version_outside_the_tested_window(vaex, monkeypatch):
    from vaex.cli import doctor

    known = doctor.version
    monkeypatch.setattr(
        doctor, "version", lambda name: "0.1" if name == "rich" else known(name)
    )
    code, out, _ = vaex("doctor")
    assert code == 1
    (line,) = (s for s in out.splitlines() if s.split()[:1] == ["rich"])
    assert line.endswith("<-- outside")
    last = out.splitlines()[-1]
    assert last.startswith("outside the tested window: ")
    assert "rich" in last
    assert "-c constraints.txt" in last
