"""scikit-learn estimators: variational autoencoders with defaults from the data."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
