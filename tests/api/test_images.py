"""POST /api/v1/images"""

from __future__ import annotations

import pytest

from jobs.models import Job, SourceImage
from tests.api.client import Api, assert_refused
from tests.factories import make_picture

pytestmark = pytest.mark.django_db


def test_it_works(api: Api) -> None:
    response = api.send("/api/v1/images", ("files", "a.png", make_picture()), ("files", "b.png", make_picture(1)))

    images = response.json()["images"]
    assert response.status_code == 201
    assert [image["filename"] for image in images] == ["a.png", "b.png"]
    assert {image["file_id"] for image in images} == {
        str(pk) for pk in SourceImage.objects.values_list("pk", flat=True)
    }
    assert not Job.objects.exists()


def test_the_same_picture_is_stored_once(api: Api) -> None:
    ids = [
        api.send("/api/v1/images", ("files", name, make_picture())).json()["images"][0]["file_id"]
        for name in ("a.png", "b.png")
    ]

    assert ids[0] == ids[1]


def test_it_refuses_fields_of_a_job(api: Api) -> None:
    response = api.send("/api/v1/images", ("files", "a.png", make_picture()), ("engine", None, b"local"))

    assert_refused(response, 400, "unknown_parameter")
    assert not SourceImage.objects.exists()


def test_all_or_nothing(api: Api) -> None:
    response = api.send("/api/v1/images", ("files", "a.png", make_picture()), ("files", "b.png", b"no picture"))

    body = assert_refused(response, 400, "unsupported_file_type")
    assert body["details"]["files"][0]["index"] == 1
    assert not SourceImage.objects.exists()


def test_d01_it_refuses_nobody(nobody: Api) -> None:
    assert_refused(nobody.send("/api/v1/images", ("files", "a.png", make_picture())), 401, "not_authenticated")
