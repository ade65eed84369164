import pytest


@pytest.fixture(scope="session")
def render():
    """Lay out a figure and all its text, as saving does; a warning is an error."""

    def draw(figure):
        figure.draw_without_rendering()
        return figure

    return draw
