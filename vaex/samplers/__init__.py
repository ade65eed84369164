"""Draws of z after training, other than from the prior: fitted to encoded data."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
