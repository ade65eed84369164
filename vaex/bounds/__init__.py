"""Bounds, estimator coefficients and divergences: arrays in, arrays out."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
