import pytest

from vaex.errors import InputError
from vaex.evaluation.config import EvaluationConfig


@pytest.mark.parametrize("name", ["num_samples", "samples_per_chunk", "block_size"])
@pytest.mark.parametrize("value", [0, -3])
def test_sizes_must_be_positive(name, value):
    match = f"^evaluation.{name} must be at least 1, got {value}$"
    with pytest.raises(InputError, match=match):
        EvaluationConfig(**{name: value})


@pytest.mark.parametrize(
    ("given", "num_examples", "event_shape", "wanted"),
    [
        (None, 10_000, (28, 28, 1), 128),
        (None, 10_000, (64, 64, 3), 128),
        (None, 10_000, (14, 28), 256),
        (None, 10_000, (8, 8), 1024),
        (None, 360, (8, 8), 360),
        (None, 40, (28, 28), 40),
        (None, 40, (), 40),
        (64, 40, (8, 8), 64),
    ],
)
def test_a_block_holds_128_images_or_what_has_as_many_elements(
    given, num_examples, event_shape, wanted
):
    config = EvaluationConfig(block_size=given)
    assert config.block_for(num_examples, event_shape) == wanted
