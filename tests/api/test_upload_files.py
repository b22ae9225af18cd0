"""POST /api/v1/upload: which files are refused, and by which names are the others kept?"""

from __future__ import annotations

import pytest

from tests.api.client import Api, assert_nothing_kept, assert_refused, encode_form
from tests.factories import make_picture

pytestmark = pytest.mark.django_db

UPLOAD = "/api/v1/upload"


def test_b02_it_refuses_26_files(api: Api) -> None:
    body = assert_refused(api.upload(*[make_picture()] * 26), 400, "too_many_files")

    assert "too many files" in body["message"]
    assert_nothing_kept()


def test_b04_it_refuses_101_files(api: Api) -> None:
    body = assert_refused(api.upload(*[b"x"] * 101), 400, "too_many_files")

    assert "too many files" in body["message"]
    assert_nothing_kept()


def test_b04_it_refuses_1001_fields(api: Api) -> None:
    fields = [(f"field-{number}", None, b"x") for number in range(1001)]

    assert_refused(api.send(UPLOAD, ("files", "a.png", make_picture()), *fields), 400, "too_many_fields")
    assert_nothing_kept()


def test_b06_it_refuses_a_body_that_cannot_fit_unread(api: Api) -> None:
    response = api.send_raw(UPLOAD, b"", CONTENT_LENGTH=260 * 1024 * 1024 + 1)

    assert_refused(response, 413, "request_too_large")


def test_b08_the_first_bad_file_decides_and_all_are_named(api: Api) -> None:
    files = [make_picture(number) for number in range(8)]
    files[3], files[7] = b"x" * (10 * 1024 * 1024 + 1), b""

    body = assert_refused(api.upload(*files), 413, "file_too_large")

    assert [(bad["index"], bad["code"]) for bad in body["details"]["files"]] == [
        (3, "file_too_large"),
        (7, "empty_file"),
    ]
    assert body["details"]["limit_bytes"] == 10 * 1024 * 1024
    assert "too large" in body["message"]
    assert_nothing_kept()


@pytest.mark.parametrize("parts", [[], [("files", "", b"")]], ids=["none", "an empty file input"])
def test_it_refuses_no_files(api: Api, parts) -> None:
    assert_refused(api.send(UPLOAD, *parts), 400, "no_files")


def test_it_refuses_a_form_without_body(api: Api) -> None:
    assert_refused(api.send_raw(UPLOAD, b""), 400, "no_files")


def test_a_file_without_a_name_is_not_lost(api: Api) -> None:
    body = assert_refused(
        api.send(UPLOAD, ("files", "a.png", make_picture()), ("files", "", make_picture(1))), 400, "invalid_filename"
    )

    assert body["details"]["files"][0]["index"] == 1


@pytest.mark.parametrize("name", [".", "..", "folder/", "  "])
def test_files_whose_names_mean_nothing_are_refused(api: Api, name: str) -> None:
    assert_refused(api.send(UPLOAD, ("files", name, make_picture())), 400, "invalid_filename")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd.jpg", "passwd.png"),
        ("C:\\\\Users\\\\me\\\\x.png", "x.png"),
        ("&lt;b&gt;.png", "&lt;b&gt;.png"),
        ("st\u00fchle \u2603.png", "st\u00fchle \u2603.png"),
    ],
)
def test_file_names_are_taken_as_sent(api: Api, sent: str, shown: str) -> None:
    assert api.send(UPLOAD, ("files", sent, make_picture())).json()["uploaded_files"][0]["filename"] == shown


def test_a_name_that_is_no_utf8_is_no_reason_to_lose_a_file(api: Api) -> None:
    body = encode_form((("files", "NAME.png", make_picture()),)).replace(b"NAME", b"caf\xe9")

    assert len(api.send_raw(UPLOAD, body).json()["uploaded_files"]) == 1
