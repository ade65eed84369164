"""What every likelihood head must do: one function for each property.

A function takes a subject, raises AssertionError with numbers where the head fails and
NotApplicable where the property says nothing about it, and returns what it measured.
"""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
