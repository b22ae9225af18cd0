"""Rows A: what is in a file decides, whatever it is called and whatever it claims to be."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import subprocess

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from PIL import Image

from jobs.models import Job, SourceImage
from tests.api.client import BOUNDARY, Api, assert_refused
from tests.images import files as pictures
from tests.inputs.rows import case

pytestmark = pytest.mark.django_db
UPLOAD = "/api/v1/upload"
JPEG, PNG, WEBP = (pictures.make_picture(kind) for kind in ("JPEG", "PNG", "WEBP"))
ENDING = pictures.make_chunk(b"IEND")
OTHER_NAMES = {"GIF": "a.gif", "BMP": "a.bmp", "TIFF": "a.tiff", "ICO": "a.ico", "PPM": "a.ppm", "AVIF": "a.avif"}


def spoil_checksum(data: bytes) -> bytes:
    return data[:29] + bytes([data[29] ^ 1]) + data[30:]


def keeps_nothing() -> bool:
    folders = (settings.DATA_DIR / "files", settings.DATA_DIR / "incoming")
    left = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return not (SourceImage.objects.exists() or Job.objects.exists() or left)


GOOD = [
    case("A01", "JPEG", JPEG, "a.jpg", "a.jpg"),
    case("A01", "PNG", PNG, "a.png", "a.png"),
    case("A01", "WebP", WEBP, "a.webp", "a.webp"),
    case("A13", "50 megapixels", pictures.make_flat_png(10_000, 5_000), "a.png", "a.png"),
    case("A15", "32 x 32", pictures.make_picture(width=32, height=32), "a.png", "a.png"),
    case("A17", "16 bits", pictures.make_16_bit_grey(), "a.png", "a.png"),
    case("A27", "no extension", JPEG, "photo", "photo.jpg"),
    case("A27", "two letters", JPEG, ".jpg", "picture.jpg"),
    case("A27", "jfif", JPEG, "a.jfif", "a.jpg"),
    case("A27", "exe", JPEG, "a.jpg.exe", "a.jpg.jpg"),
    case("A35", "10 MB", pictures.pad(PNG, size=10_485_760), "a.png", "a.png"),
]


@pytest.mark.parametrize(("data", "name", "shown"), GOOD)
def test_it_is_taken(api: Api, data: bytes, name: str, shown: str) -> None:
    answer = api.send(UPLOAD, ("files", name, data))

    assert answer.status_code == 200, answer.content
    [told] = answer.json()["uploaded_files"]
    image = SourceImage.objects.get()
    with default_storage.open(image.path) as file:
        assert hashlib.sha256(file.read()).hexdigest() == told["sha256"] == image.sha256
    assert told["sha256"] == hashlib.sha256(data).hexdigest()
    assert told["filename"].rpartition(".")[2] == shown.rpartition(".")[2]


UNKNOWN, CORRUPT = "unsupported_file_type", "corrupt_image"
BAD = [
    case("A03", "one byte", b"\xff", "a.jpg", UNKNOWN),
    case("A03", "random", os.urandom(10_240), "a.jpg", UNKNOWN),
    case("A05", "half a JPEG", pictures.make_picture("JPEG", width=640, height=480)[: 3_000], "a.jpg", CORRUPT),
    case("A07", "no end", PNG.removesuffix(ENDING), "a.png", CORRUPT),
    case("A09", "wrong checksum", spoil_checksum(PNG), "a.png", CORRUPT),
    case("A09", "no pixels", pictures.make_png(0, 0), "a.png", CORRUPT),
    case("A11", "PNG header", pictures.make_png_header(65_535, 65_535), "a.png", "image_dimensions_exceeded"),
    case("A11", "JPEG header", pictures.patch_jpeg_size(JPEG, width=65_500, height=65_500), "a.jpg",
         "image_dimensions_exceeded"),
    case("A15", "one pixel", pictures.make_picture(width=1, height=1), "a.png", "image_too_small"),
    case("A15", "31 wide", pictures.make_picture(width=31, height=64), "a.png", "image_too_small"),
    case("A19", "APNG", pictures.make_animation("PNG"), "a.png", "animated_image"),
    case("A19", "WebP", pictures.make_animation("WEBP"), "a.webp", "animated_image"),
    *(case("A21", kind, pictures.make_picture(kind), name, UNKNOWN) for kind, name in OTHER_NAMES.items()),
    *(case("A21", kind, pictures.OTHER_FILES[kind], f"a.{kind}", UNKNOWN) for kind in ("heic", "jxl", "psd")),
    case("A23", "SVG", pictures.OTHER_FILES["svg"], "a.svg", UNKNOWN),
    case("A23", "SVG as PNG", pictures.OTHER_FILES["svg"], "a.png", UNKNOWN),
    *(case("A23", kind, pictures.OTHER_FILES[kind], "a.jpg", UNKNOWN)
      for kind in ("html", "pdf", "zip", "gzip", "elf", "eps")),
    case("A29", "text", pictures.make_text_bomb(b"zTXt", megabytes=200), "a.png", CORRUPT),
    case("A29", "profile", pictures.make_text_bomb(b"iCCP", megabytes=200), "a.png", CORRUPT),
    case("A31", "chunks", pictures.make_many_texts(300_000), "a.png", CORRUPT),
]  # fmt: skip


@pytest.mark.parametrize(("data", "name", "code"), BAD)
def test_it_is_refused(api: Api, monkeypatch, data: bytes, name: str, code: str) -> None:
    started: list[str] = []
    begin = subprocess.Popen.__init__

    def note(self, arguments, *more, **named):
        started.append(str(arguments))
        begin(self, arguments, *more, **named)

    monkeypatch.setattr(subprocess.Popen, "__init__", note)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    body = assert_refused(api.send(UPLOAD, ("files", name, data)), 400, code)

    assert [(bad["index"], bad["code"]) for bad in body["details"]["files"]] == [(0, code)]
    assert keeps_nothing()
    assert not [command for command in started if "gs" in command.split("/")[-1].split("'")[0]]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    assert grown < 50 * 1024 + len(data) * 4 / 1024, f"{grown} KB more memory"


TYPES = ["image/svg+xml", "application/x-php", "image/jpeg\0evil", "text/html; charset=utf-16"]


@pytest.mark.parametrize("declared", [case("A25", repr(kind), kind) for kind in TYPES])
def test_a_declared_type_is_nothing(api: Api, declared: str) -> None:
    head = f'Content-Disposition: form-data; name="files"; filename="a.jpg"\r\nContent-Type: {declared}'
    body = f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + JPEG + f"\r\n--{BOUNDARY}--\r\n".encode()

    answer = api.send_raw(UPLOAD, body)

    assert answer.status_code == 200
    assert answer.json()["uploaded_files"][0]["content_type"] == SourceImage.objects.get().content_type == "image/jpeg"


@pytest.mark.parametrize("kind", [case("A33", kind, kind) for kind in ("JPEG", "WEBP")])
def test_a_photo_tells_nothing_of_its_place(api: Api, kind: str) -> None:
    photo = pictures.make_photo(kind=kind)

    told = api.send(UPLOAD, ("files", "a.jpg", photo)).json()["uploaded_files"][0]

    image = SourceImage.objects.get()
    assert (told["width"], told["height"]) == (64, 96)  # upright
    with default_storage.open(image.thumbnail_path) as file:
        thumbnail = file.read()
    assert b"Exif" not in thumbnail
    assert b"CameraMaker" not in thumbnail
    shown = Image.open(io.BytesIO(thumbnail))
    assert shown.width < shown.height


@pytest.mark.parametrize("size", [case("A35", "one byte more", 10_485_761)])
def test_a_large_file(api: Api, size: int) -> None:
    body = assert_refused(api.send(UPLOAD, ("files", "a.png", pictures.pad(PNG, size=size))), 413, "file_too_large")

    assert body["details"]["limit_bytes"] == 10_485_760
    assert keeps_nothing()
