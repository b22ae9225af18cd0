"""Is the small picture on pages upright, transparent where the picture is, bare of metadata, and quickly made?"""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image, ImageStat

from jobs.images import ImageError, make_thumbnail
from tests.images import files


def read(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "WEBP"
        image.load()
        return image


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_works(kind: str) -> None:
    thumbnail = make_thumbnail(files.make_picture(kind, width=1000, height=500))
    assert read(thumbnail).size == (320, 160)
    assert len(thumbnail) < 20_000


def test_it_is_as_small_as_asked() -> None:
    assert read(make_thumbnail(files.make_picture(width=400, height=800), side=64)).size == (32, 64)


def test_a_small_picture_is_not_blown_up() -> None:
    assert read(make_thumbnail(files.make_picture())).size == (64, 64)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_is_upright_and_tells_nothing(kind: str) -> None:
    thumbnail = make_thumbnail(files.make_photo(orientation=6, kind=kind, width=960, height=640))
    image = read(thumbnail)
    assert image.size == (213, 320)
    top, bottom = (
        ImageStat.Stat(image.convert("L").crop(box)).mean[0] for box in ((0, 0, 213, 20), (0, 300, 213, 320))
    )
    assert top < 64
    assert bottom > 192
    assert not [secret for secret in (b"EXIF", b"Exif", b"CameraMaker", b"XMP ", b"ICCP") if secret in thumbnail]


def test_transparency_stays_clean() -> None:
    """Hidden colours of clear pixels must not bleed into the edge."""
    picture = Image.new("RGBA", (640, 640), (0, 255, 0, 0))
    picture.paste((200, 0, 0, 255), (160, 160, 480, 480))
    image = read(make_thumbnail(files.encode(picture, "PNG")))
    assert image.mode == "RGBA"
    assert image.getchannel("A").getpixel((5, 5)) == 0
    edge = [pixel for pixel in image.get_flattened_data() if pixel[3] > 100]
    assert max(green for _, green, _, _ in edge) < 60


def test_deep_grey_is_not_white() -> None:
    image = read(make_thumbnail(files.make_16_bit_grey(640, 64)))
    assert ImageStat.Stat(image.convert("L")).mean[0] == pytest.approx(127.5, rel=0.02)


def test_a_big_photo_is_quick() -> None:
    photo = files.make_picture("JPEG", width=6000, height=4000)
    started = time.process_time()
    assert read(make_thumbnail(photo)).size == (320, 213)
    assert time.process_time() - started < 0.5


def test_it_refuses_a_damaged_picture() -> None:
    with pytest.raises(ImageError) as caught:
        make_thumbnail(files.make_picture()[:-30])
    assert caught.value.code == "corrupt_image"
