"""Sweeps: many runs read, grouped, compared and put on a page."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
