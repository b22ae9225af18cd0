"""How is an accepted picture sent to engines, and shown small? Upright, in plain colours, without metadata."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

from PIL import Image, ImageCms, ImageFile

from jobs.images import errors
from jobs.images.decoding import DECODE_ERRORS, has_transparency, open_image, read_orientation

# The least of the engines' limits is 5,000 pixels a side.
MAX_NORMALISED_SIDE = 4096
# Up to here a lossless PNG stays small (768 KB of raw colours at most).
LOSSLESS_PIXELS = 512 * 512
JPEG_QUALITY = 95
THUMBNAIL_SIDE = 320
THUMBNAIL_QUALITY = 82
_THUMBNAIL_FILTER = Image.Resampling.HAMMING  # a third of the cost of Lanczos, and at this size nobody sees it

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, kw_only=True)
class NormalisedImage:
    data: bytes
    content_type: str
    extension: str  # without a dot
    width: int
    height: int


def normalise_image(data: BinaryIO | bytes, *, max_side: int = MAX_NORMALISED_SIDE) -> NormalisedImage:
    """The same picture as engines want it: PNG if it has transparency or is small, else JPEG."""
    image = _render(data, max_side=max_side, filter=Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if image.mode == "RGBA" or image.width * image.height <= LOSSLESS_PIXELS:
        image.save(buffer, "PNG", compress_level=4)
        return _describe(buffer, image, content_type="image/png", extension="png")
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return _describe(buffer, image, content_type="image/jpeg", extension="jpg")


def make_thumbnail(data: BinaryIO | bytes, *, side: int = THUMBNAIL_SIDE) -> bytes:
    """A WebP no larger than ``side`` either way; transparency stays."""
    return _encode_webp(_render(data, max_side=side, filter=_THUMBNAIL_FILTER))


def encode_thumbnail(source: ImageFile.ImageFile, *, side: int = THUMBNAIL_SIDE) -> bytes:
    """The same of an opened picture, whose pixels are loaded afterwards. Raises what decoders raise."""
    return _encode_webp(_render_opened(source, max_side=side, filter=_THUMBNAIL_FILTER))


def _encode_webp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(
        buffer, "WEBP", quality=THUMBNAIL_QUALITY, method=0
    )  # a third more bytes of a few thousand, for half the time
    return buffer.getvalue()


def _describe(buffer: io.BytesIO, image: Image.Image, *, content_type: str, extension: str) -> NormalisedImage:
    return NormalisedImage(
        data=buffer.getvalue(), content_type=content_type, extension=extension, width=image.width, height=image.height
    )


def _render(data: BinaryIO | bytes, *, max_side: int, filter: Image.Resampling) -> Image.Image:
    content = data if isinstance(data, bytes) else data.read()
    try:
        with open_image(content) as source:
            return _render_opened(source, max_side=max_side, filter=filter)
    except DECODE_ERRORS as error:
        raise errors.refuse_corrupt("The picture") from error


def _render_opened(source: ImageFile.ImageFile, *, max_side: int, filter: Image.Resampling) -> Image.Image:
    orientation = read_orientation(source)
    source.draft(None, (max_side, max_side))  # a JPEG is decoded at an eighth to full size as needed
    image = _shrink(_flatten_depth(source), max_side=max_side, filter=filter)
    image = _convert_to_srgb(image, profile=source.info.get("icc_profile"))
    return _strip(_turn_upright(image, orientation))


def _flatten_depth(image: Image.Image) -> Image.Image:
    """Eight bits a channel and no palette; CMYK stays until its profile has been applied."""
    if image.mode in ("I;16", "I;16L", "I;16B", "I"):
        return _flatten_16_bits(image)
    if image.mode in ("RGB", "RGBA", "CMYK"):
        image.load()
        return image
    return image.convert("RGBA" if has_transparency(image) else "RGB")


def _flatten_16_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits in 8: Pillow's own conversion would clip all but the darkest 1/256 to white."""
    deep = image.convert("I")
    grey = deep.point([value // 257 for value in range(65536)], "L")
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return grey.convert("RGB")
    opacity = deep.point([0 if value == clear else 255 for value in range(65536)], "L")
    return Image.merge("RGBA", (grey, grey, grey, opacity))


def _shrink(image: Image.Image, *, max_side: int, filter: Image.Resampling) -> Image.Image:
    if max(image.size) > max_side:
        image.thumbnail((max_side, max_side), filter, reducing_gap=2.0)
    return image


def _convert_to_srgb(image: Image.Image, *, profile: bytes | None) -> Image.Image:
    """Colours as they were meant (phones write Display P3); an unusable profile is ignored."""
    wanted = "RGBA" if image.mode == "RGBA" else "RGB"
    if not profile:
        return image.convert(wanted)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image.convert(wanted)
        return _apply_profile(image, source)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image.convert(wanted)


def _apply_profile(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    base = image.convert("RGB") if image.mode == "RGBA" else image
    converted = ImageCms.profileToProfile(base, source, _srgb(), outputMode="RGB")
    assert converted is not None  # only an in-place conversion returns nothing
    if image.mode == "RGBA":
        converted.putalpha(image.getchannel("A"))
    return converted


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _strip(image: Image.Image) -> Image.Image:
    """Pixels only: Pillow would write comments, profiles and the like of the source back; opaque alpha goes too."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    clean = image.copy()
    clean.info.clear()
    return clean
