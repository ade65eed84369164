"""Objectives: (model, batch, *, train, **weights) to (loss, metrics)."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
