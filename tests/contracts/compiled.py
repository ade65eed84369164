"""The contracts' own way to compile programs that run once."""

from vaex.testing._compiled import quick_jit

__all__ = ["quick_jit"]
