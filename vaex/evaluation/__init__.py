"""Evaluation: estimates of log p(x), latent diagnostics, reports."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
