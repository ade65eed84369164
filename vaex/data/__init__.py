"""Data sets: files on disk to arrays, checked."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
