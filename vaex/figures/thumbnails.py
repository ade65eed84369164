"""Small pictures of figures, for pages that show many."""

import base64
import io
from pathlib import Path

from matplotlib import image
from matplotlib.figure import Figure


def thumbnail(path: Path, width: int = 320) -> str:
    """A PNG file as a small WebP picture inside of a data URI.

    Args:
      path: of the PNG file.
      width: pixels.

    Raises:
      OSError: if it cannot be read or is no picture.

    >>> import tempfile, numpy as np
    >>> file = Path(tempfile.mkdtemp()) / "a.png"
    >>> image.imsave(file, np.zeros((4, 8)))
    >>> thumbnail(file)[:23]
    'data:image/webp;base64,'
    """
    try:
        pixels = image.imread(path)
    except (SyntaxError, ValueError) as error:
        raise OSError(f"{path} is no picture: {error}") from error
    height = max(round(width * pixels.shape[0] / pixels.shape[1]), 1)
    figure = Figure(figsize=(width / 100, height / 100), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(pixels, aspect="auto", interpolation="hanning", resample=True)
    axes.set_axis_off()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="webp", dpi=100, pil_kwargs={"quality": 82})
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
