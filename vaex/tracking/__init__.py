"""Views of a run in other tools: TensorBoard, Weights & Biases, MLflow, or your own."""

from vaex._lazy import discovered

__getattr__, __dir__ = discovered(__name__, __path__)
