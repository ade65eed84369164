"""Models beside each other."""

import numpy as np

from vaex.figures.model_comparison import ComparedModel, draw_comparison

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((3, 4, 5))


def test_each_model_has_a_row_and_its_two_scales(render):
    models = [
        ComparedModel(name, RANDOM.random((3, 4, 5)), IMAGES, 0.1 * i, 0.2)
        for i, name in enumerate(("first", "second"), start=1)
    ]
    figure = draw_comparison(IMAGES, models, (0.0, 1.0))
    render(figure)
    left, middle, right = figure.axes
    assert [t.get_text() for t in left.get_yticklabels()] == [
        "original",
        "first",
        "second",
    ]
    assert "data units" in middle.get_title()
    assert "data units" in right.get_title()
    widths = [bar.get_width() for bar in right.patches]
    np.testing.assert_allclose(widths, [0.1, 0.2, 0.2, 0.2])
    labels = [text.get_text() for text in right.get_legend().get_texts()]
    assert labels == ["stated by p(x|z)", "of the residuals"]
