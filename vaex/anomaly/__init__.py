"""Anomaly scores: per row, with their error, attribution, p-values and thresholds."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
