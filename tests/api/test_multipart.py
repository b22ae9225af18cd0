"""The strict form parser: every part, in constant memory, whatever the size of the pieces that arrive."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from jobs.api.parsers import StrictMultiPartParser
from jobs.errors import JobError
from jobs.incoming.multipart import CutOffError, Head, MalformedError, read_parts
from tests.api.client import BOUNDARY, encode_form


class Drip:
    """A stream that gives at most so many bytes at once."""

    def __init__(self, data: bytes, size: int) -> None:
        self._stream, self._size = io.BytesIO(data), size

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, self._size))


def read(data: bytes, *, piece: int = 65_536) -> list[tuple[Head, bytes]]:
    parts = read_parts(Drip(data, piece), boundary=BOUNDARY.encode())
    return [(head, b"".join(content)) for head, content in parts]


@pytest.mark.parametrize("piece", [1, 2, 7, 65_536])
def test_it_works(piece: int) -> None:
    tricky = b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n\r\n--\r"
    body = encode_form((("files", 'a "b".png'.replace('"', "%22"), tricky), ("name", None, b""), ("files", "", b"x")))

    assert read(body, piece=piece) == [
        (Head(name="files", filename="a %22b%22.png"), tricky),
        (Head(name="name", filename=None), b""),
        (Head(name="files", filename=""), b"x"),
    ]


def test_it_holds_no_more_than_two_chunks() -> None:
    body = encode_form((("files", "a.png", bytes(3_000_000)),))

    _, content = next(read_parts(io.BytesIO(body), boundary=BOUNDARY.encode()))
    sizes = [len(piece) for piece in content]

    assert sum(sizes) == 3_000_000
    assert max(sizes) <= 2 * 65_536


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ('filename="a.png"', "a.png"),
        ("filename*=UTF-8''..%2F..%2Fp.jpg", "../../p.jpg"),
        ("filename=\"x.png\"; filename*=UTF-8''%e2%82%ac.png", "€.png"),
        ('filename="a\\"b.png"', 'a"b.png'),
        ('filename="a;b.png"', "a;b.png"),
        ("filename=plain.png", "plain.png"),
    ],
)
def test_it_reads_file_names(sent: str, name: str) -> None:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; {sent}\r\n\r\n'
    body = head.encode() + b"x\r\n" + f"--{BOUNDARY}--\r\n".encode()

    assert read(body)[0][0].filename == name


def test_it_refuses_a_body_that_stops() -> None:
    body = encode_form((("files", "a.png", b"x" * 100),))

    for length in range(len(body) - 4):
        with pytest.raises(CutOffError):
            read(body[:length])


@pytest.mark.parametrize("more", [{"Content-Transfer-Encoding": "base64"}, {"broken": None}])
def test_it_refuses_odd_heads(more) -> None:
    lines = "".join(f"{name}: {value}\r\n" if value else f"{name}\r\n" for name, value in more.items())
    body = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n{lines}\r\nx\r\n--{BOUNDARY}--\r\n'

    with pytest.raises(MalformedError):
        read(body.encode())


def parse(body: bytes, *, announced: int) -> None:
    context = {"request": SimpleNamespace(META={"CONTENT_LENGTH": str(announced)})}
    StrictMultiPartParser().parse(io.BytesIO(body), f"multipart/form-data; boundary={BOUNDARY}", context)


def test_it_tells_a_broken_form_from_a_broken_connection() -> None:
    body = encode_form((("files", "a.png", b"x" * 100),))[:-20]

    with pytest.raises(JobError) as broken:
        parse(body, announced=len(body))
    with pytest.raises(JobError) as ended:
        parse(body, announced=len(body) + 20)

    assert (broken.value.code, ended.value.code) == ("malformed_multipart", "incomplete_upload")
