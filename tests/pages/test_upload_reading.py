"""How is the page's form read? As strictly as the API's: nothing goes missing in silence, a page says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from django.test import Client

from jobs.models import GenerationInput, Job, SourceImage
from tests.factories import make_picture
from tests.pages.answers import read

FORM = "multipart/form-data; boundary=x"


def part(name: str, content: bytes, *, filename: str | None = None) -> bytes:
    named = "" if filename is None else f'; filename="{filename}"'
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"


def send(client: Client, *parts: bytes, end: bytes = b"--x--\r\n", headers: Mapping[str, str] | None = None):
    body = b"".join([part("engine", b"local"), *parts]) + end
    return client.post("/upload/", body, content_type=FORM, headers=headers)


def count_kept() -> int:
    return Job.objects.count() + SourceImage.objects.count()


def test_it_works(as_alice):
    assert send(as_alice, part("files", make_picture(), filename="chair.png")).status_code == 302


@pytest.mark.parametrize("filename", ["", ".", "..", "folder/", "C:\\folder\\"])
def test_b09_a_file_without_a_usable_name_is_refused(as_alice, filename: str):
    """Two come: a form that lost one would make a job of the other."""
    pictures = [part("files", make_picture(0), filename="chair.png"), part("files", make_picture(1), filename=filename)]
    response = send(as_alice, *pictures)
    assert response.status_code == 400
    assert "no usable name" in read(response)
    assert count_kept() == 0


def test_a_name_with_odd_characters_is_cleaned(as_alice):
    pictures = [
        part("files", make_picture(0), filename="chair.png"),
        part("files", make_picture(1), filename="a\x00.png"),
    ]
    assert send(as_alice, *pictures).status_code == 302
    assert Job.objects.get().total == 2
    assert all(GenerationInput.objects.values_list("filename", flat=True))


def test_b10_a_form_without_its_end(as_alice):
    response = send(as_alice, part("files", make_picture(), filename="chair.png"), end=b"")
    assert response.status_code == 400
    assert "no closing boundary" in read(response)
    assert count_kept() == 0


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"--x\r\nContent-Type: image/png\r\n\r\ndata\r\n", "A part has no name."),
        (b"--x\r\nno head\r\n\r\ndata\r\n", "A part has a broken head."),
        (part("name", b"\xff\xfe"), "is not text in UTF-8"),
    ],
)
def test_a_broken_part(as_alice, bad: bytes, words: str):
    response = send(as_alice, part("files", make_picture(), filename="chair.png"), bad)
    assert response.status_code == 400
    assert words in read(response)
    assert count_kept() == 0


def test_the_script_is_told_as_well(as_alice):
    response = send(as_alice, end=b"", headers={"Accept": "application/json"})
    assert (response.status_code, response.json()["error_code"]) == (400, "malformed_multipart")


def test_a_file_under_another_name(as_alice):
    response = send(as_alice, part("picture", make_picture(), filename="chair.png"))
    assert response.status_code == 400
    assert "There is no field" in read(response)


def test_a_visitor_is_sent_to_the_login_before_the_form_is_read(as_nobody):
    response = send(as_nobody, end=b"")
    assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/accounts/login/")


def test_the_token_is_looked_for_in_the_form(as_alice):
    as_alice.handler.enforce_csrf_checks = True
    page = read(as_alice.get("/upload/"))
    [token] = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page))
    picture = part("files", make_picture(), filename="chair.png")
    assert send(as_alice, picture).status_code == 403
    assert count_kept() == 0
    assert send(as_alice, picture, part("csrfmiddlewaretoken", token.encode())).status_code == 302
