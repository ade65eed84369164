"""Distributions that distrax lacks, one per file."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
