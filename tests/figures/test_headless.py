import inspect
import subprocess
import sys

from matplotlib.figure import Figure

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


def test_what_draws_says_so_and_returns_a_figure():
    import vaex.figures

    named = [getattr(vaex.figures, name) for name in dir(vaex.figures)]
    functions = [f for f in named if inspect.isfunction(f)]
    names = {f.__name__ for f in functions}
    assert {"draw_latent_space", "draw_samples", "draw_densities"} <= names
    for function in functions:
        returned = inspect.signature(function, eval_str=True).return_annotation
        draws = function.__name__.startswith("draw_")
        assert (returned is Figure) == draws, function.__name__
