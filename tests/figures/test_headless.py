import inspect
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


def test_public_functions_draw_or_help_drawing():
    import vaex.figures

    named = [getattr(vaex.figures, name) for name in dir(vaex.figures)]
    functions = {f.__name__ for f in named if inspect.isfunction(f)}
    assert {"draw_latent_space", "draw_samples", "draw_densities"} <= functions
    others = {name for name in functions if not name.startswith("draw_")}
    assert others == {"latent_grid", "save_figure"}
