"""What is sent to engines: upright, plain colours, no metadata, the same brightness."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageCms, ImageStat

from jobs.images import ImageError, inspect_image, normalise_image
from tests.images import files

SECRETS = (b"Exif", b"GPS", b"CameraMaker", b"secret", b"ICC", b"iCCP", b"tEXt", b"XMP", b"eXIf")


def read(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image


def mean(image: Image.Image) -> float:
    return float(ImageStat.Stat(image.convert("L")).mean[0])


def is_dark_on_top(image: Image.Image) -> bool:
    grey = image.convert("L")
    return mean(grey.crop((0, 0, grey.width, 8))) < 64 and mean(grey.crop((0, grey.height - 8, *grey.size))) > 192


def test_it_works() -> None:
    normalised = normalise_image(files.make_picture("JPEG", width=800, height=600))
    assert (normalised.content_type, normalised.extension) == ("image/jpeg", "jpg")
    assert (normalised.width, normalised.height) == (800, 600)
    assert inspect_image(normalised.data, filename="a").content_type == "image/jpeg"
    assert read(normalised.data).mode == "RGB"


def test_a_small_picture_stays_lossless() -> None:
    picture = Image.effect_noise((256, 256), 60).convert("RGB")
    normalised = normalise_image(files.encode(picture, "PNG"))
    assert normalised.content_type == "image/png"
    assert read(normalised.data).tobytes() == picture.tobytes()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_stays(kind: str) -> None:
    picture = Image.new("RGBA", (800, 600), (200, 100, 50, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 400, 600))
    normalised = normalise_image(files.encode(picture, kind, lossless=True))
    assert normalised.content_type == "image/png"
    assert read(normalised.data).getpixel((700, 300)) == (200, 100, 50, 255)
    assert read(normalised.data).getchannel("A").getpixel((100, 300)) == 0


def test_transparency_of_a_palette_stays() -> None:
    picture = Image.new("P", (64, 64))
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.paste(1, (0, 0, 32, 64))
    normalised = normalise_image(files.encode(picture, "PNG", transparency=0))
    assert read(normalised.data).getpixel((10, 10)) == (0, 255, 0, 255)
    assert read(normalised.data).getchannel("A").getpixel((60, 10)) == 0


def test_opaque_alpha_goes() -> None:
    normalised = normalise_image(files.make_picture("PNG", width=800, height=600, mode="RGBA"))
    assert normalised.content_type == "image/jpeg"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_upright(orientation: int) -> None:
    upright = files.draw_gradient(64, 96).transpose(Image.Transpose.ROTATE_270).resize((64, 96))
    assert is_dark_on_top(upright)
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[files.ORIENTATION] = orientation
    normalised = normalise_image(files.encode(stored, "PNG", exif=exif))
    assert (normalised.width, normalised.height) == (64, 96)
    assert is_dark_on_top(read(normalised.data))


@pytest.mark.parametrize("size", [(96, 64), (960, 640)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_tells_nothing_of_the_owner(kind: str, size: tuple[int, int]) -> None:
    data = files.make_photo(kind=kind, width=size[0], height=size[1])
    normalised = normalise_image(data).data
    assert not [secret for secret in SECRETS if secret in normalised]
    assert not read(normalised).getexif()


def test_comments_go() -> None:
    normalised = normalise_image(files.make_picture("JPEG", width=800, height=600, comment=b"secret"))
    assert b"secret" not in normalised.data


def test_sixteen_bits_keep_their_brightness() -> None:
    deep = files.make_16_bit_grey(256, 64)
    grey = read(normalise_image(deep).data)
    assert grey.mode == "RGB"
    assert mean(grey) == pytest.approx(127.5, rel=0.02)
    assert grey.convert("L").getextrema() == (0, 255)


def test_sixteen_bits_keep_their_clear_grey() -> None:
    clear = files.make_chunk(b"tRNS", b"\x00\x00")
    rows = (b"\0" + b"\x00\x00" * 32 + b"\x80\x00" * 32) * 64
    normalised = normalise_image(files.make_png(64, 64, depth=16, rows=rows, extra=clear))
    alpha = read(normalised.data).getchannel("A")
    assert (alpha.getpixel((5, 5)), alpha.getpixel((60, 5))) == (0, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA"])
def test_every_png_keeps_its_brightness(mode: str) -> None:
    data = files.make_picture("PNG", width=256, height=64, mode=mode)
    assert mean(read(normalise_image(data).data)) == pytest.approx(127.5, rel=0.02)


def test_print_colours_become_screen_colours() -> None:
    normalised = normalise_image(files.make_picture("JPEG", width=256, height=64, mode="CMYK"))
    assert read(normalised.data).mode == "RGB"
    assert mean(read(normalised.data)) == pytest.approx(127.5, rel=0.02)


def test_a_colour_profile_is_applied() -> None:
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    plain = files.make_picture("PNG")
    unusable = files.make_picture("PNG", icc_profile=swapped)
    assert normalise_image(unusable).data == normalise_image(plain).data
    wide = files.make_picture("PNG", icc_profile=files.make_linear_profile())
    assert mean(read(normalise_image(wide).data)) > mean(read(plain)) + 20


def test_it_is_no_larger_than_engines_take() -> None:
    normalised = normalise_image(files.make_picture("JPEG", width=6000, height=1500))
    assert (normalised.width, normalised.height) == (4096, 1024)
    small = normalise_image(files.make_picture("JPEG", width=800, height=400), max_side=100)
    assert (small.width, small.height) == (100, 50)


def test_the_same_picture_gives_the_same_bytes() -> None:
    data = files.make_photo(width=960, height=640)
    assert normalise_image(data) == normalise_image(data)


def test_it_reads_a_handle() -> None:
    data = files.make_picture()
    assert normalise_image(io.BytesIO(data)) == normalise_image(data)


def test_it_refuses_a_damaged_picture() -> None:
    with pytest.raises(ImageError) as caught:
        normalise_image(files.make_picture("JPEG")[:400])
    assert caught.value.code == "corrupt_image"
