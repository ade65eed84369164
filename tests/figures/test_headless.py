import subprocess
import sys

PROGRAM = """
import matplotlib, numpy as np, sys
before = dict(matplotlib.rcParams)
import vaex.figures as figures
for name in dir(figures):
    getattr(figures, name)
x = np.random.default_rng(0).uniform(size=(5, 3))
figures.save_figure(figures.draw_reconstructions(x, x), sys.argv[1])
figures.save_figure(figures.draw_latent_space(x, kl=x[0]), sys.argv[1])
assert dict(matplotlib.rcParams) == before
assert "matplotlib.pyplot" not in sys.modules
assert "jax" not in sys.modules
"""


def test_no_pyplot_no_global_state_no_jax(tmp_path):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "a.png")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_public_names():
    import vaex.figures

    functions = {name for name in dir(vaex.figures) if "_" in name}
    drawn = {"draw_latent_space", "draw_manifold", "draw_reconstructions"}
    drawn |= {"draw_samples", "draw_training_curves", "latent_grid", "save_figure"}
    assert functions - {"latent_space", "training_curves"} == drawn
