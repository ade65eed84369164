"""Histograms of oriented gradients, on images whose gradients are known."""

import numpy as np
import pytest

from vaex.anomaly.image_features import oriented_gradients
from vaex.errors import InputError


def ramp(degrees: float, size: int = 8) -> np.ndarray:
    """An image that grows in one direction: its gradient is that everywhere."""
    y, x = np.mgrid[:size, :size]
    angle = np.deg2rad(degrees)
    return np.cos(angle) * x + np.sin(angle) * y


@pytest.mark.parametrize("orientation", range(9))
def test_a_ramp_votes_for_its_own_orientation(orientation):
    """Orientation k of nine is at 20 k + 10 degrees; all four cells vote alike."""
    votes = oriented_gradients(ramp(20 * orientation + 10)[None]).reshape(4, 9)
    expected = np.zeros((4, 9))
    expected[:, orientation] = 0.5  # of length 1 together
    np.testing.assert_allclose(votes, expected, atol=1e-9)


def test_half_a_turn_and_contrast_do_not_matter():
    images = np.stack([ramp(33), ramp(213), 7 * ramp(33) + 2])
    votes = oriented_gradients(images)
    np.testing.assert_allclose(votes[1:], votes[:1].repeat(2, 0), atol=1e-9)


def test_votes_are_those_of_a_loop_over_pixels():
    image = np.random.default_rng(0).random((12, 8))
    down, right = np.gradient(image)
    cells = np.zeros((3, 2, 9))
    for row in range(12):
        for column in range(8):
            angle = np.degrees(np.arctan2(down[row, column], right[row, column])) % 180
            length = np.hypot(down[row, column], right[row, column])
            for k in range(9):
                away = abs(angle - (20 * k + 10))
                away = min(away, 180 - away)
                votes = length * max(0.0, 1 - away / 20)
                cells[row // 4, column // 4, k] += votes
    expected = []
    for row in range(2):
        block = cells[row : row + 2].reshape(-1)
        expected.append(block / np.linalg.norm(block))
    found = oriented_gradients(image[None])
    np.testing.assert_allclose(found[0], np.concatenate(expected), rtol=1e-9)


def test_an_even_image_has_no_votes():
    assert not oriented_gradients(np.ones((1, 8, 8))).any()


def test_images_that_are_too_small_or_none_are_refused():
    with pytest.raises(InputError, match=r"two cells of 4 pixels.*got \(7, 9\)"):
        oriented_gradients(np.zeros((2, 7, 9)))
    with pytest.raises(InputError, match=r"\[N, H, W\], got \(8, 8\)"):
        oriented_gradients(np.zeros((8, 8)))
    with pytest.raises(InputError, match="cell must be at least 1, got 0"):
        oriented_gradients(np.zeros((1, 8, 8)), cell=0)
