"""Which pictures look alike? 64 bits that survive re-encoding and resizing, to script a picture that was normalised."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

_GREY = (128, 128, 128)


def find_look(picture: bytes | Path) -> int | None:
    """Neighbours compared on an 8×8 grid of brightness, on grey ground; None when it is no picture."""
    try:
        with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as opened:
            image = opened.convert("RGBA")
    except (OSError, ValueError):
        return None
    ground = Image.new("RGBA", image.size, (*_GREY, 255))
    grid = Image.alpha_composite(ground, image).convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            left, right = grid[row * 9 + column], grid[row * 9 + column + 1]
            bits = bits << 1 | (left > right)
    return bits


def write_look(picture: bytes | Path) -> str:
    """The look as text, as scripts take it."""
    look = find_look(picture)
    if look is None:
        raise ValueError("not a picture")
    return f"{look:016x}"
