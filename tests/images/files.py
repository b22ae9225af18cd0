"""What does a picture look like, byte by byte, that is evil, broken or merely unusual?"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ORIENTATION = 0x0112
GPS = 0x8825


def draw_gradient(width: int = 64, height: int = 64, *, mode: str = "RGB") -> Image.Image:
    """Left to right dark to light, so that a turned picture is told from an upright one."""
    row = Image.linear_gradient("L").rotate(90).resize((width, height))
    return row.convert(mode)


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def make_picture(kind: str = "PNG", *, width: int = 64, height: int = 64, mode: str = "RGB", **options: Any) -> bytes:
    return encode(draw_gradient(width, height, mode=mode), kind, **options)


def make_chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def make_png(
    width: int, height: int, *, extra: bytes = b"", rows: bytes | None = None, depth: int = 8, colour: int = 0
) -> bytes:
    """A PNG of grey pixels from its parts; ``extra`` chunks stand before the pixels, ``rows`` replaces these."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    raw = (b"\0" + b"\x80" * (width * depth // 8)) * height if rows is None else rows
    pixels = make_chunk(b"IDAT", zlib.compress(raw))
    return PNG_SIGNATURE + make_chunk(b"IHDR", header) + extra + pixels + make_chunk(b"IEND")


def make_png_header(width: int, height: int) -> bytes:
    """69 bytes that promise any number of pixels."""
    return make_png(width, height, rows=b"\0")


def make_text_bomb(kind: bytes, *, megabytes: int) -> bytes:
    """A PNG whose text or colour profile inflates a thousandfold: zeros, of which only the first megabyte is packed."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = packer.compress(bytes(1024 * 1024)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = megabytes * 1024 * 1024 % 65_521 << 16 | 1  # Adler-32 of zeros
    packed = b"\x78\xda" + block * megabytes + b"\x03\0" + struct.pack(">I", checksum)
    before = {b"zTXt": b"Comment\0\0", b"iCCP": b"icc\0\0", b"iTXt": b"Comment\0\x01\0\0\0"}[kind]
    return make_png(64, 64, extra=make_chunk(kind, before + packed))


def make_many_texts(count: int) -> bytes:
    return make_png(64, 64, extra=make_chunk(b"tEXt", b"k\0v") * count)


def make_linear_profile() -> bytes:
    """A colour profile with the primaries of sRGB and a straight tone curve: middle grey looks far lighter."""
    xyz = {b"rXYZ": (0.4361, 0.2225, 0.0139), b"gXYZ": (0.3851, 0.7169, 0.0971), b"bXYZ": (0.1431, 0.0606, 0.7142)}
    tags = {name: b"XYZ \0\0\0\0" + _pack_fixed(*value) for name, value in xyz.items()}
    tags |= {name: b"curv" + bytes(8) for name in (b"rTRC", b"gTRC", b"bTRC")}
    tags |= {b"wtpt": b"XYZ \0\0\0\0" + _pack_fixed(0.9642, 1.0, 0.8249), b"cprt": b"text\0\0\0\0none\0\0\0\0"}
    tags[b"desc"] = b"desc" + bytes(4) + struct.pack(">I", 7) + b"linear\0" + bytes(79)
    table, body, place = b"", b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", place + len(body), len(value))
        body += value
    head = struct.pack(">I4sI4s4s4s", place + len(body), b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ") + bytes(12)
    head += b"acsp" + bytes(28) + _pack_fixed(0.9642, 1.0, 0.8249) + bytes(48)
    return head + struct.pack(">I", len(tags)) + table + body


def _pack_fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def make_16_bit_grey(width: int = 64, height: int = 64) -> bytes:
    """A ramp over the whole range of 16 bits."""
    row = b"".join(struct.pack(">H", column * 65535 // (width - 1)) for column in range(width))
    return make_png(width, height, depth=16, rows=(b"\0" + row) * height)


def make_animation(kind: str, *, frames: int = 5) -> bytes:
    pictures = [Image.new("RGB", (64, 64), (40 * number, 90, 120)) for number in range(frames)]
    return encode(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=100)


def make_phone_jpeg() -> bytes:
    """Two pictures in one file, as phones with two lenses write them."""
    return encode(draw_gradient(96, 64), "MPO", save_all=True, append_images=[draw_gradient(48, 32)])


def make_photo(*, orientation: int = 6, kind: str = "JPEG", width: int = 96, height: int = 64) -> bytes:
    """A photo with camera, place (51.5 N) and orientation in its EXIF."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010F] = "CameraMaker"
    exif.get_ifd(GPS).update({1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0)})
    return make_picture(kind, width=width, height=height, exif=exif)


def patch_jpeg_size(data: bytes, *, width: int, height: int) -> bytes:
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


def make_webp_header(width: int, height: int, *, flags: int = 0) -> bytes:
    """An extended WebP that promises any canvas."""
    canvas = bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", len(canvas)) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def pad(data: bytes, *, size: int) -> bytes:
    """The same PNG or JPEG with bytes after its end, which every reader ignores."""
    return data + bytes(size - len(data))


OTHER_FILES = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "zip": b"PK\x03\x04" + bytes(60),
    "gzip": b"\x1f\x8b\x08" + bytes(60),
    "elf": b"\x7fELF\x02\x01\x01" + bytes(60),
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60),
    "jxl": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(60),
    "psd": b"8BPS\0\x01" + bytes(60),
    "riff": b"RIFF\x24\0\0\0WAVEfmt " + bytes(60),
}
OTHER_PICTURES = ("GIF", "BMP", "TIFF", "ICO", "PPM", "AVIF")


def make_flat_png(width: int, height: int) -> bytes:
    """Any number of transparent pixels in a small file, built row by row so that the builder needs no memory."""
    packer = zlib.compressobj()
    row = b"\0" + b"\xc8\x0a\x0a\x80" * width
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = make_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return PNG_SIGNATURE + header + make_chunk(b"IDAT", pixels) + make_chunk(b"IEND")
