"""Are pictures of every kind read upright, with their colours and brightness, and within bounds?"""

from __future__ import annotations

import struct
import time

import numpy as np
import pytest
from PIL import Image

from jobs.engines.base import EngineError
from jobs.engines.local.picture import UPRIGHT, load_picture
from tests import pictures
from tests.images.files import make_chunk

LIGHT, DARK = 200, 40


def _two_halves(width: int = 64, height: int = 48) -> Image.Image:
    """Light above, dark below."""
    pixels = np.full((height, width, 3), DARK, np.uint8)
    pixels[: height // 2] = LIGHT
    return Image.fromarray(pixels)


@pytest.mark.parametrize("encode", [pictures.encode_png, pictures.encode_jpeg, pictures.encode_webp])
def test_it_works(encode):
    picture = load_picture(encode(_two_halves()), side=1024)
    assert (picture.width, picture.height, picture.alpha) == (64, 48, None)
    assert abs(int(picture.rgb[4, 30, 0]) - LIGHT) < 4
    assert abs(int(picture.rgb[44, 30, 0]) - DARK) < 4


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1"])
def test_it_reads_other_colour_modes(mode):
    image = _two_halves().convert(mode)
    encoded = pictures.encode_jpeg(image) if mode == "CMYK" else pictures.encode_png(image)
    picture = load_picture(encoded, side=1024)
    assert picture.rgb[:20].mean() > picture.rgb[28:].mean() + 100


def test_sixteen_bits_keep_their_brightness():
    values = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    picture = load_picture(pictures.encode_png(Image.fromarray(values)), side=1024)
    assert abs(picture.rgb.mean() - 127.5) < 2


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_it_reads_transparency(mode):
    image = pictures.draw_disc(64)
    data = pictures.encode_png(image.convert(mode)) if mode != "P" else _encode_palette(image)
    alpha = load_picture(data, side=1024).alpha
    assert alpha is not None
    assert alpha[32, 32] == 255
    assert alpha[0, 0] == 0


def _encode_palette(image: Image.Image) -> bytes:
    indexed = np.where(np.asarray(image)[..., 3] > 127, 1, 0).astype(np.uint8)
    palette = Image.fromarray(indexed, "P")
    palette.putpalette([0, 0, 0, 200, 100, 50])
    return pictures.encode_png(palette, transparency=0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_turns_pictures_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = _two_halves()
    if orientation in UPRIGHT:
        back = {6: UPRIGHT[8], 8: UPRIGHT[6]}.get(orientation, UPRIGHT[orientation])
        stored = stored.transpose(back)
    picture = load_picture(pictures.encode_jpeg(stored, exif=exif), side=1024)
    assert (picture.width, picture.height) == (64, 48)
    assert picture.rgb[:20].mean() > picture.rgb[28:].mean() + 100


@pytest.mark.parametrize(("width", "height", "side"), [(3000, 2000, 1024), (1100, 800, 1024), (5000, 500, 1024)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_it_scales_down(width, height, side, mode):
    picture = load_picture(pictures.encode_png(_two_halves(width, height).convert(mode)), side=side)
    assert picture.width == side
    assert abs(picture.height - side * height / width) <= 1
    assert picture.source_size == (width, height)
    assert abs(int(picture.rgb[1, 5, 0]) - LIGHT) < 3
    assert abs(int(picture.rgb[-2, 5, 0]) - DARK) < 3


def test_it_does_not_enlarge():
    assert load_picture(pictures.encode_png(_two_halves()), side=2048).width == 64


def test_it_refuses_too_many_pixels_before_decoding():
    header = make_chunk(b"IHDR", struct.pack(">IIBBBBB", 16_000, 16_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + make_chunk(b"IDAT", b"") + make_chunk(b"IEND")
    started = time.thread_time()
    with pytest.raises(EngineError) as refusal:
        load_picture(bomb, side=1024)
    assert refusal.value.code == "image_dimensions_exceeded"
    assert time.thread_time() - started < 0.5


@pytest.mark.parametrize("cut", [10, 60, 200])
def test_it_refuses_broken_files(cut):
    for encode in (pictures.encode_png, pictures.encode_jpeg, pictures.encode_webp):
        with pytest.raises(EngineError) as refusal:
            load_picture(encode(pictures.put_on(pictures.draw_mug()))[:cut], side=1024)
        assert refusal.value.code == "corrupt_image"
