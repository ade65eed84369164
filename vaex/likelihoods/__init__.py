"""Likelihood heads: decoder features to p(x|z)."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
