"""Integrals over a support, for the tests of distributions."""

from vaex.testing._integration import nodes

__all__ = ["nodes"]
