"""Preparations: stored arrays to batches, inside the step."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
