"""Rows C and N05: what a file is called harms neither the storage nor a page nor a zip."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from jobs.models import GenerationInput, Job, SourceImage
from tests.api.client import BOUNDARY, Api
from tests.factories import UserFactory, finish_job, make_job
from tests.images import files as pictures
from tests.inputs.rows import case

pytestmark = pytest.mark.django_db
UPLOAD = "/api/v1/upload"
JPEG = pictures.make_picture("JPEG")
NAMES = [
    case("C01", "up", "../../etc/passwd.jpg", "passwd.jpg"),
    case("C01", "up on Windows", "..\\\\..\\\\x.jpg", "x.jpg"),
    case("C01", "absolute", "/etc/x.jpg", "x.jpg"),
    case("C01", "a drive", "C:\\\\x.jpg", "x.jpg"),
    case("C01", "home", "~/.ssh/x.jpg", "x.jpg"),
    case("C03", "turned round", "photo\u202egpj.exe", "photogpj.jpg"),
    case("C05", "an element", "<img src=x onerror=alert(1)>.jpg", "<img src=x onerror=alert(1)>.jpg"),
    case("C05", "an escaped one", "&lt;b&gt;.jpg", "&lt;b&gt;.jpg"),
    case("C05", "a template", "{{7*7}}.jpg", "{{7*7}}.jpg"),
    case("C05", "an expression", "${7*7}.jpg", "${7*7}.jpg"),
    case("C07", "emoji", "\U0001f98a.jpg", "\U0001f98a.jpg"),
    case("C09", "an option", "-rf.jpg", "-rf.jpg"),
    case("C09", "a command", "$(id).jpg", "$(id).jpg"),
    case("C09", "backticks", "`id`.jpg", "`id`.jpg"),
    case("C09", "a second command", ";rm.jpg", ";rm.jpg"),
    case("C09", "a pipe", "|x.jpg", "|x.jpg"),
    case("C11", "Apache", ".htaccess.jpg", ".htaccess.jpg"),
    case("C11", "PHP", "a.php.jpg", "a.php.jpg"),
    case("C11", "IIS", "web.config.jpg", "web.config.jpg"),
]


def list_stored() -> list[str]:
    folder = settings.DATA_DIR / "files"
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(("sent", "shown"), NAMES)
def test_a_hostile_name_does_no_harm(api: Api, alice, sent: str, shown: str) -> None:
    before = {path.name for path in Path(settings.DATA_DIR).parent.iterdir()}
    answer = api.send(UPLOAD, ("files", sent, JPEG))

    assert answer.status_code == 200
    told = answer.json()["uploaded_files"][0]["filename"]
    stem = shown.rpartition(".")[0].lstrip(".")
    assert told.endswith(".jpg")
    assert stem.lstrip("-~") in told, told
    assert not set(told) & set("/\\\0\n\u202e")
    assert all(re.fullmatch(r"[\w/.-]+\.(jpg|webp)", path) and ".." not in path for path in list_stored())
    assert {path.name for path in Path(settings.DATA_DIR).parent.iterdir()} == before
    assert_escaped(Job.objects.get(), alice, name=told)


def assert_escaped(job: Job, owner, *, name: str) -> None:
    """On the pages of its owner and of staff."""
    visitor, staff = Client(), Client()
    visitor.force_login(owner)
    staff.force_login(UserFactory(is_staff=True, is_superuser=True))
    generation = job.generations.get()
    pages = [
        visitor.get(place)
        for place in (f"/jobs/{job.pk}/", f"/generations/{generation.pk}/", "/models/", "/models/?tab=jobs")
    ]
    pages += [
        staff.get(f"/admin/jobs/{place}")
        for place in ("job/", f"job/{job.pk}/change/", "generation/", f"generation/{generation.pk}/change/",
                      f"generation/{generation.pk}/delete/", "sourceimage/")
    ]  # fmt: skip
    for page in pages:
        assert page.status_code in (200, 403)
        text = page.content.decode()
        assert "<img src=x" not in text
        assert "49.jpg" not in text
        assert "<b>.jpg" not in text


@pytest.mark.parametrize("row", [case("C01", "the other form", "C01")])
def test_a_name_in_the_other_form(api: Api, row: str) -> None:
    head = "Content-Disposition: form-data; name=\"files\"; filename*=UTF-8''..%2F..%2Fp.jpg"
    body = f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + JPEG + f"\r\n--{BOUNDARY}--\r\n".encode()

    answer = api.send_raw(UPLOAD, body)

    assert answer.status_code == 200
    assert answer.json()["uploaded_files"][0]["filename"] == "p.jpg"


@pytest.mark.parametrize("name", [case("C07", "300 letters", "x" * 296 + ".jpg"), case("C07", "accents", "é" * 200)])
def test_a_long_name_keeps_its_extension(api: Api, name: str) -> None:
    told = api.send(UPLOAD, ("files", name, JPEG)).json()["uploaded_files"][0]["filename"]

    assert told.endswith(".jpg")
    assert len(told.encode()) <= 255
    assert GenerationInput.objects.get().filename == told


@pytest.mark.parametrize("row", [case("C07", "the same name in two spellings", "C07")])
def test_no_two_entries_of_a_zip_are_one_file(api: Api, alice, row: str) -> None:
    names = ["stühle.png", unicodedata.normalize("NFD", "stühle.png"), "STÜHLE.png"]
    job = finish_job(make_job(alice, names=names))

    answer = api.get(f"/api/v1/jobs/{job.pk}/download.zip")

    entries = zipfile.ZipFile(io.BytesIO(b"".join(answer))).namelist()
    assert len({unicodedata.normalize("NFC", entry).casefold() for entry in entries}) == len(entries) == 4


HOSTILE = ['<script>document.title="owned"</script>.png', '"><img src=x onerror=document.title="owned">.png',
           "javascript:document.title='owned'.png", "</textarea><svg onload=document.title='owned'>.png"]  # fmt: skip


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("row", [case("N05", "in a browser", "N05")])
def test_no_script_of_a_name_runs_in_the_admin(window, alice, row: str) -> None:
    job = make_job(alice, names=HOSTILE)
    generation, image = job.generations.first(), SourceImage.objects.first()
    window.sign_in(UserFactory(is_staff=True, is_superuser=True))
    places = [f"job/{job.pk}/change/", f"generation/{generation.pk}/change/"]
    for place in ("job/", "generation/", "sourceimage/", f"sourceimage/{image.pk}/change/", *places):
        page = window.open(f"/admin/jobs/{place}")
        assert "owned" not in page.title()
        assert page.locator("img[src=x]").count() == page.locator("[onerror], [onload]").count() == 0
    assert not [words for words in window.complaints if "Content Security" in words or "script" in words.lower()]
