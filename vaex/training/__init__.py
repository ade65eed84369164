"""Training: hyperparameters, state, steps, compiled chunks and the loop."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
