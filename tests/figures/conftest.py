import io

import pytest


@pytest.fixture(scope="session")
def render():
    """Draw a figure in full, so that layout and labels are computed; warnings fail."""

    def draw(figure):
        with io.BytesIO() as file:
            figure.savefig(file, format="png", dpi=40)
            assert file.getvalue()[:4] == b"\x89PNG"
        return figure

    return draw
