"""What colours does a model's texture hold?"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from .arrays import Floats
from .errors import MeshError, unsupported
from .materials import CLAMP, KTX2, REPEAT, Texture

MAX_PIXELS: Final = 64 * 1024 * 1024  # a picture of 8192 x 8192; larger ones only exist to exhaust memory
LONGEST: Final = 8192  # pixels of a side that sampling can handle
FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}

_ROW: Final = 1024  # points that are sampled as one row of a picture
_BATCH: Final = 1 << 20

Pixels = npt.NDArray[np.uint8]


def decode_texture(texture: Texture, *, longest: int = LONGEST) -> Pixels:
    """The pixels (RGB or RGBA, sRGB), made smaller if a side is longer than ``longest``."""
    if texture.mime == KTX2:
        raise unsupported("its texture is compressed as KTX2")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _decode(texture, longest=longest)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError, struct.error, zlib.error) as error:
        raise MeshError("conversion_failed", "The model's texture cannot be read.", "Download the GLB.") from error


def _decode(texture: Texture, *, longest: int) -> Pixels:
    with Image.open(io.BytesIO(texture.data), formats=[FORMATS[texture.mime]]) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise _too_many_pixels()
        picture.draft("RGB", (longest, longest))  # a JPEG is decoded at a fraction of its size, not below this
        clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
        mode = "RGBA" if clear else "RGB"
        whole = picture if picture.mode == mode else picture.convert(mode)  # a copy less of what may be large
        whole.load()
    if max(whole.size) > longest:
        share = longest / max(whole.size)
        size = max(1, round(whole.width * share)), max(1, round(whole.height * share))
        whole = whole.resize(size, Image.Resampling.BOX)
    return np.asarray(whole)


def _too_many_pixels() -> MeshError:
    return MeshError("conversion_failed", "The model's texture has too many pixels.", "Ask for a smaller texture.")


def sample_texture(pixels: Pixels, uvs: Floats, *, wrap: tuple[int, int]) -> Pixels:
    """The texture's colours at texture coordinates, smoothed between pixels."""
    height, width = pixels.shape[:2]
    found = np.empty((len(uvs), pixels.shape[2]), np.uint8)
    for start in range(0, len(uvs), _BATCH):
        part = uvs[start : start + _BATCH]
        x = _fold(part[:, 0], wrap=wrap[0]) * width - np.float32(0.5)
        y = _fold(part[:, 1], wrap=wrap[1]) * height - np.float32(0.5)
        import cv2  # 20 MB that the check of a model, which many workers do, need not carry

        border = cv2.BORDER_WRAP if wrap == (REPEAT, REPEAT) else cv2.BORDER_REPLICATE
        rows = cv2.remap(pixels, _as_rows(x), _as_rows(y), cv2.INTER_LINEAR, borderMode=border)
        found[start : start + _BATCH] = rows.reshape(-1, pixels.shape[2])[: len(part)]
    return found


def _fold(values: Floats, *, wrap: int) -> Floats:
    """Texture coordinates brought into 0..1, as the sampler wants it."""
    values = np.nan_to_num(np.clip(values, -1e6, 1e6))
    if wrap == CLAMP:
        return np.clip(values, 0, 1)
    if wrap == REPEAT:
        inside: Floats = values - np.floor(values)
        return np.where(inside == 0, np.clip(values, 0, 1), inside)  # 1.0 is the far edge, not the near one
    turns = np.mod(values, 2.0).astype(np.float32)
    return np.where(turns > 1, np.float32(2) - turns, turns)


def _as_rows(values: Floats) -> Floats:
    """Sampling wants a picture: points in rows of a fixed length, the last one filled up."""
    padded = np.zeros(-(-len(values) // _ROW) * _ROW, np.float32)
    padded[: len(values)] = values
    return padded.reshape(-1, _ROW)


def to_linear(colours: Pixels) -> Floats:
    """Light intensities of sRGB bytes."""
    return _linear_table()[colours]


def to_srgb(light: npt.NDArray[Any]) -> Pixels:
    """sRGB bytes of light intensities from 0 to 1."""
    light = np.clip(light, 0, 1)
    curved = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.power(light, 1 / 2.4) - 0.055)
    return (curved * 255 + 0.5).astype(np.uint8)


@cache
def _linear_table() -> Floats:
    steps = np.arange(256) / 255
    return np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4).astype(np.float32)
