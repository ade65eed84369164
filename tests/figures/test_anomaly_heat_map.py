import numpy as np
import pytest

from vaex.figures.anomaly_heat_map import draw_anomaly_heat_maps


def test_a_column_for_each_image(render):
    """Image, reconstruction, attribution in nats on one scale, whose unit is said."""
    generator = np.random.default_rng(0)
    x, parts = (
        generator.uniform(size=(2, 5, 6)),
        generator.exponential(size=(2, 5, 6)),
    )
    parts[0, 2, 3] = 40.0
    figure = render(
        draw_anomaly_heat_maps(
            x,
            1 - x,
            parts,
            names=[f"row {i}" for i in range(2)],
            scores=parts.sum((1, 2)),
            limits=(0, 1),
        )
    )
    *panels, bar = figure.axes
    assert len(panels) == 6
    shown = [np.asarray(panel.get_images()[0].get_array()) for panel in panels]
    np.testing.assert_allclose(shown[1][..., 0], x[1])
    np.testing.assert_allclose(shown[3][..., 0], 1 - x[1])
    np.testing.assert_array_equal(shown[5], parts[1])
    names = [panels[row].get_ylabel() for row in (0, 2, 4)]
    assert names == ["image", "reconstruction", "attribution"]
    assert panels[1].get_title() == f"row 1\n{parts[1].sum():.4g} nats"
    assert bar.get_ylabel() == "nats per pixel"
    limits = {panel.get_images()[0].get_clim() for panel in panels[4:]}
    assert len(limits) == 1
    assert figure.get_suptitle() == "pixels 0 to 1 (data units)"


@pytest.mark.parametrize(
    ("shapes", "says"),
    [
        (((2, 4), (2, 4), (2, 4)), "originals must be images"),
        (((2, 4, 4), (2, 4, 5), (2, 4, 4)), "shape .2, 4, 4. of originals"),
        (((2, 4, 4, 3), (2, 4, 4, 3), (2, 4, 4, 3)), "one number for each pixel"),
    ],
)
def test_shapes_that_do_not_fit(shapes, says):
    with pytest.raises(ValueError, match=says):
        draw_anomaly_heat_maps(*(np.zeros(shape) for shape in shapes))


def test_one_colour_image_of_a_constant():
    x = np.zeros((1, 4, 4, 3))
    figure = draw_anomaly_heat_maps(x, x, np.zeros((1, 4, 4)))
    assert len(figure.axes) == 4


def test_eight_images_at_most():
    x = np.zeros((9, 2, 2))
    assert len(draw_anomaly_heat_maps(x, x, x).axes) == 8 * 3 + 1
