"""POST /api/v1/upload: which bodies are no form, or too large a one?"""

from __future__ import annotations

import pytest

from tests.api.client import BOUNDARY, Api, assert_nothing_kept, assert_refused, encode_form
from tests.factories import make_picture

pytestmark = pytest.mark.django_db

UPLOAD = "/api/v1/upload"


def test_b10_it_refuses_a_form_without_closing_boundary(api: Api) -> None:
    whole = encode_form(tuple(("files", f"{number}.png", make_picture(number)) for number in range(3)))

    assert_refused(api.send_raw(UPLOAD, whole[:-200]), 400, "malformed_multipart")
    assert_nothing_kept()


@pytest.mark.parametrize(
    "body",
    [
        f"--{BOUNDARY}\r\nContent-Type: image/png\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
        f"--{BOUNDARY}\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--{BOUNDARY}xx".encode(),
        b"text\r\n" + encode_form((("name", None, b"x"),)),
        encode_form((("name", None, b"x"),)) + encode_form((("name", None, b"x"),)),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=a; x={'y' * 9000}\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        encode_form((("name", None, b"\xff"),)),
        b"no form at all",
    ],
    ids=["no name", "no head", "torn boundary", "preamble", "epilogue", "long head", "no text", "no form"],
)
def test_it_refuses_malformed_forms(api: Api, body: bytes) -> None:
    assert_refused(api.send_raw(UPLOAD, body), 400, "malformed_multipart")


def test_it_refuses_a_form_without_boundary(api: Api) -> None:
    response = api.send_raw(UPLOAD, encode_form(()), CONTENT_TYPE="multipart/form-data")

    assert_refused(response, 400, "malformed_multipart")


def test_b12_it_refuses_a_large_field(api: Api) -> None:
    response = api.send(UPLOAD, ("files", "a.png", make_picture()), ("name", None, b"x" * (2_621_440 + 1)))

    assert_refused(response, 413, "request_too_large")
    assert_nothing_kept()


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "multipart/mixed; boundary=x"])
def test_b14_it_refuses_other_content_types(api: Api, kind: str) -> None:
    response = api.send_raw(UPLOAD, b'{"files": []}', CONTENT_TYPE=kind)

    assert_refused(response, 415, "unsupported_media_type")


def test_b16_it_refuses_a_body_of_unknown_length(api: Api) -> None:
    response = api.send_raw(UPLOAD, b"", CONTENT_LENGTH="", headers={"Transfer-Encoding": "chunked"})

    assert_refused(response, 411, "length_required")


def test_it_refuses_a_compressed_body(api: Api) -> None:
    response = api.send_raw(UPLOAD, b"x", headers={"Content-Encoding": "gzip"})

    assert_refused(response, 415, "unsupported_content_encoding")
