"""Twelve class colours stay apart for readers with a colour-vision deficiency."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from vaex.figures._style import CLASSES

# Full deficiency, linear RGB: Machado, Oliveira and Fernandes, "A Physiologically-based
# Model for Simulation of Color Vision Deficiency", IEEE TVCG 2009, table of matrices.
SIMULATIONS = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)


def lab(colour, simulation):
    """CIE L*a*b* of an sRGB colour as seen with a deficiency."""
    srgb = np.array(to_rgb(colour))
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(simulation) @ linear, 0, 1)
    ratio = XYZ @ seen / XYZ.sum(axis=1)
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("name", SIMULATIONS)
def test_classes_stay_apart_from_each_other_and_from_white(name):
    seen = [lab(colour, SIMULATIONS[name]) for colour in [*CLASSES, "#FFFFFF"]]
    pairs = itertools.combinations(seen, 2)
    assert min(np.linalg.norm(a - b) for a, b in pairs) > 15  # a just noticeable is 2.3
    assert len(CLASSES) == 12
