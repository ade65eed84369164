"""vaex: probabilistic autoencoders in JAX, Flax, optax, distrax and Hydra.

Nothing heavy is imported here: `vaex.likelihoods.Bernoulli` imports its file on
first use, and every folder lists what it holds with `dir()`.
"""

from vaex._lazy import discovered

__version__ = "0.1.0"
__getattr__, __dir__ = discovered(__name__, __path__)
