"""Metrics of representations, samples and probabilistic statements.

Functions of arrays, and `vaex.metrics.of_run` that applies them to a trained run.
"""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
