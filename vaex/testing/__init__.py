"""Public checks for a user's own parts."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
