import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from vaex.figures.samples import draw_samples
from vaex.figures.saving import save_figure


def test_writes_one_png_of_the_size_asked_for(tmp_path):
    path = save_figure(Figure(figsize=(2, 1)), tmp_path / "a.png", dpi=50)
    assert path == tmp_path / "a.png"
    assert os.listdir(tmp_path) == ["a.png"]
    assert imread(path).shape[:2] == (50, 100)


def test_a_failure_keeps_the_old_file_and_leaves_nothing(tmp_path):
    path = save_figure(Figure(), tmp_path / "a.png")
    before = path.read_bytes()
    broken = Figure()
    broken.text(0.5, 0.5, "$\\notamacro$")
    with pytest.raises(ValueError, match="notamacro"):
        save_figure(broken, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.png"]


def test_replaces(tmp_path):
    save_figure(Figure(figsize=(2, 1)), tmp_path / "a.png")
    save_figure(Figure(figsize=(1, 1)), str(tmp_path / "a.png"), dpi=30)
    assert imread(tmp_path / "a.png").shape[:2] == (30, 30)


def test_errors(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.png"):
        save_figure(Figure(), tmp_path / "a.pdf")
    with pytest.raises(FileNotFoundError, match="create"):
        save_figure(Figure(), tmp_path / "missing" / "a.png")


def test_threads_draw_what_one_thread_draws(tmp_path):
    x = np.random.default_rng(0).uniform(size=(20, 2))

    def draw(i):
        return save_figure(draw_samples(x + i), tmp_path / f"{i}.png", 40).read_bytes()

    alone = [draw(i) for i in range(3)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(draw, range(3))) == alone
