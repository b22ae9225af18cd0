"""Which uploads are acceptable pictures, and what are they?"""

from __future__ import annotations

import hashlib
import io
import random
import time

import pytest
from PIL import Image

from jobs.images import ImageError, ImageLimits, inspect_image
from jobs.images.limits import MAX_BYTES
from tests.images import files


def refuse(data: bytes, *, filename: str = "chair.png") -> ImageError:
    with pytest.raises(ImageError) as caught:
        inspect_image(data, filename=filename)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "content_type", "extension"),
    [("JPEG", "image/jpeg", "jpg"), ("PNG", "image/png", "png"), ("WEBP", "image/webp", "webp")],
)
def test_it_works(kind: str, content_type: str, extension: str) -> None:
    data = files.make_picture(kind, width=64, height=48)
    facts = inspect_image(data, filename="chair")
    assert (facts.content_type, facts.extension) == (content_type, extension)
    assert (facts.width, facts.height, facts.size) == (64, 48, len(data))
    assert facts.sha256 == hashlib.sha256(data).hexdigest()
    assert not facts.has_alpha


def test_it_reads_a_handle() -> None:
    data = files.make_picture()
    assert inspect_image(io.BytesIO(data), filename="a.png") == inspect_image(data, filename="a.png")


@pytest.mark.parametrize("name", ["photo", "photo.jpg", "a.jfif", "a.jpg.exe", "a.png", "a.svg", "\x00\u202e"])
def test_it_judges_by_content(name: str) -> None:
    assert inspect_image(files.make_picture("JPEG"), filename=name).extension == "jpg"


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_it_accepts_every_ordinary_png(mode: str) -> None:
    assert inspect_image(files.make_picture("PNG", mode=mode), filename="a.png").width == 64


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_it_accepts_every_ordinary_jpeg(mode: str, progressive: bool) -> None:
    data = files.make_picture("JPEG", mode=mode, progressive=progressive)
    assert inspect_image(data, filename="a.jpg").width == 64


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_it_accepts_every_ordinary_webp(mode: str, lossless: bool) -> None:
    data = files.make_picture("WEBP", mode=mode, lossless=lossless)
    assert inspect_image(data, filename="a.webp").width == 64


def test_it_accepts_sixteen_bits() -> None:
    assert inspect_image(files.make_16_bit_grey(), filename="deep.png").content_type == "image/png"


def test_it_accepts_the_two_pictures_of_a_phone() -> None:
    data = files.make_phone_jpeg()
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "MPO"
    facts = inspect_image(data, filename="phone.jpg")
    assert (facts.content_type, facts.width, facts.height) == ("image/jpeg", 96, 64)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_measures_a_picture_as_it_is_seen(kind: str) -> None:
    facts = inspect_image(files.make_photo(orientation=6, kind=kind), filename="photo")
    assert (facts.width, facts.height) == (64, 96)


def test_it_tells_transparency() -> None:
    clear = Image.new("RGBA", (64, 64), (200, 0, 0, 0))
    assert inspect_image(files.encode(clear, "PNG"), filename="a.png").has_alpha
    assert inspect_image(files.encode(clear, "WEBP"), filename="a.webp").has_alpha
    assert inspect_image(files.make_picture("PNG", mode="P", transparency=0), filename="a.png").has_alpha
    assert not inspect_image(files.make_picture("PNG", mode="RGBA"), filename="a.png").has_alpha


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_it_accepts_bytes_after_the_end(kind: str) -> None:
    assert inspect_image(files.make_picture(kind) + b"PK\x03\x04 trailing", filename="a").width == 64


def test_it_accepts_odd_exif() -> None:
    data = files.make_photo()
    broken = data.replace(b"CameraMaker\0", b"\xff" * 12).replace(b"MM\0*\0\0", b"MM\0*\xff\xff")
    assert broken != data
    assert inspect_image(broken, filename="a.jpg").size == len(data)


def test_it_refuses_nothing() -> None:
    assert refuse(b"").code == "empty_file"


@pytest.mark.parametrize("data", [b"\xff", b"\x89PNG", b"RIFF", random.Random(3).randbytes(10_000)])
def test_it_refuses_what_is_no_picture(data: bytes) -> None:
    assert refuse(data).code == "unsupported_file_type"


@pytest.mark.parametrize("kind", files.OTHER_PICTURES)
@pytest.mark.parametrize("name", ["picture.own", "picture.png", "picture.jpg"])
def test_it_refuses_other_pictures(kind: str, name: str) -> None:
    error = refuse(files.make_picture(kind), filename=name)
    assert error.code == "unsupported_file_type"
    assert error.message == f"{name}: only JPEG, PNG and WebP images are accepted."


@pytest.mark.parametrize("kind", sorted(files.OTHER_FILES))
def test_it_refuses_other_files(kind: str) -> None:
    assert refuse(files.OTHER_FILES[kind], filename="picture.jpg").code == "unsupported_file_type"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9, 0.99])
def test_it_refuses_a_cut_picture(kind: str, share: float) -> None:
    data = files.encode(Image.effect_noise((128, 128), 40).convert("RGB"), kind)
    assert refuse(data[: int(len(data) * share)]).code == "corrupt_image"


def test_it_refuses_a_png_without_its_end() -> None:
    assert refuse(files.make_picture()[:-12]).code == "corrupt_image"


def test_it_refuses_a_jpeg_without_its_end() -> None:
    assert refuse(files.make_picture("JPEG")[:-2]).code == "corrupt_image"


def test_it_refuses_a_wrong_header_checksum() -> None:
    data = bytearray(files.make_picture())
    data[29] ^= 0xFF
    assert refuse(bytes(data)).code == "corrupt_image"


def test_it_refuses_damaged_pixels() -> None:
    data = bytearray(files.make_picture())
    data[data.index(b"IDAT") + 8] ^= 0xFF
    assert refuse(bytes(data)).code == "corrupt_image"


@pytest.mark.parametrize("size", [(0, 0), (0, 64), (64, 0)])
def test_it_refuses_no_pixels(size: tuple[int, int]) -> None:
    assert refuse(files.make_png_header(*size)).code == "corrupt_image"


@pytest.mark.parametrize(
    "data",
    [
        files.make_png_header(65535, 65535),
        files.make_png_header(16_385, 64),
        files.make_png_header(10_000, 5_001),
        files.patch_jpeg_size(files.make_picture("JPEG"), width=65500, height=65500),
        files.make_webp_header(1 << 24, 1 << 24),
    ],
    ids=["png", "png-side", "png-area", "jpeg", "webp"],
)
def test_it_refuses_huge_pictures_by_their_header(data: bytes) -> None:
    started = time.thread_time()
    error = refuse(data)
    assert time.thread_time() - started < 0.5
    assert error.code == "image_dimensions_exceeded"
    assert "too large" in error.message


@pytest.mark.parametrize(
    "data",
    [
        files.make_png_header(10_000, 5_000),
        files.patch_jpeg_size(files.make_picture("JPEG"), width=10_000, height=5_000),
        files.make_webp_header(10_000, 5_000),
    ],
    ids=["png", "jpeg", "webp"],
)
def test_it_refuses_headers_that_lie(data: bytes) -> None:
    started = time.process_time()
    assert refuse(data).code == "corrupt_image"
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("size", [(1, 1), (31, 64), (64, 31)])
def test_it_refuses_tiny_pictures(size: tuple[int, int]) -> None:
    error = refuse(files.make_picture(width=size[0], height=size[1]))
    assert error.code == "image_too_small"
    assert f"{size[0]} × {size[1]}" in error.message


def test_it_accepts_the_smallest_picture() -> None:
    assert inspect_image(files.make_picture(width=32, height=32), filename="a.png").width == 32


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_it_refuses_animations(kind: str) -> None:
    assert refuse(files.make_animation(kind)).code == "animated_image"


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP", b"iTXt"])
def test_it_refuses_bombs_in_texts(kind: bytes) -> None:
    assert refuse(files.make_text_bomb(kind, megabytes=20)).code == "corrupt_image"


def test_it_refuses_many_small_bombs() -> None:
    bomb = files.make_text_bomb(b"zTXt", megabytes=1)
    chunk = bomb[33 : bomb.index(b"IDAT") - 4]
    assert refuse(files.make_png(64, 64, extra=chunk * 20)).code == "corrupt_image"


def test_it_refuses_a_flood_of_chunks() -> None:
    data = files.make_many_texts(300_000)
    started = time.process_time()
    assert refuse(data).code == "corrupt_image"
    assert time.process_time() - started < 1


def test_it_refuses_a_flood_of_segments() -> None:
    data = files.make_picture("JPEG")
    flood = data[:2] + b"\xff\xfe\x00\x02" * 100_000 + data[2:]
    assert refuse(flood, filename="a.jpg").code == "corrupt_image"


def test_it_refuses_a_palette_picture_without_palette() -> None:
    assert refuse(files.make_png(64, 64, colour=3)).code == "corrupt_image"


def test_it_refuses_a_big_file() -> None:
    picture = files.make_picture()
    assert inspect_image(files.pad(picture, size=MAX_BYTES), filename="a.png").size == 10_485_760
    error = refuse(files.pad(picture, size=MAX_BYTES + 1), filename="wide chair.png")
    assert error.code == "file_too_large"
    assert error.message == "wide chair.png is too large: the limit is 10 MB for each file."


def test_it_reads_no_more_of_a_big_handle_than_it_must() -> None:
    handle = io.BytesIO(files.pad(files.make_picture(), size=3 * MAX_BYTES))
    with pytest.raises(ImageError, match="too large"):
        inspect_image(handle, filename="a.png")
    assert handle.tell() == MAX_BYTES + 1


def test_it_obeys_the_operator() -> None:
    limits = ImageLimits(max_bytes=2_000_000, min_side=65, max_side=100, max_pixels=8_000)
    with pytest.raises(ImageError, match="at least 65"):
        inspect_image(files.make_picture(), filename="a.png", limits=limits)
    with pytest.raises(ImageError, match=r"0\.008 megapixels"):
        inspect_image(files.make_picture(width=90, height=90), filename="a.png", limits=limits)


def test_it_names_the_file_harmlessly() -> None:
    assert refuse(b"x", filename="../../a\u202e\x00b.png").message.startswith("ab.png: ")
    assert refuse(b"x", filename="").message.startswith("The file: ")
