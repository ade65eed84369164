import pytest

from vaex.errors import InputError
from vaex.evaluation.config import EvaluationConfig


@pytest.mark.parametrize("name", ["num_samples", "samples_per_chunk", "block_size"])
@pytest.mark.parametrize("value", [0, -3])
def test_sizes_must_be_positive(name, value):
    match = f"^evaluation.{name} must be at least 1, got {value}$"
    with pytest.raises(InputError, match=match):
        EvaluationConfig(**{name: value})
