"""POST /api/v1/upload: which fields and values are refused?"""

from __future__ import annotations

import pytest

from jobs.models import SourceImage
from tests.api.client import Api, assert_nothing_kept, assert_refused
from tests.factories import make_picture

pytestmark = pytest.mark.django_db

UPLOAD = "/api/v1/upload"


def test_f02_it_refuses_an_unknown_field(api: Api) -> None:
    body = assert_refused(api.upload(make_picture(), facelimit="5"), 400, "unknown_parameter")

    assert body["details"]["parameter"] == "facelimit"
    assert_nothing_kept()


def test_it_refuses_an_unknown_file_field(api: Api) -> None:
    assert_refused(api.send(UPLOAD, ("file", "a.png", make_picture())), 400, "unknown_parameter")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("face_limit", "1999"),
        ("face_limit", "500001"),
        ("face_limit", "many"),
        ("face_limit", "1e4"),
        ("texture", "4k"),
        ("engine", "nothing"),
        ("formats", "glb,fbx"),
        ("fallback", "fal"),
        ("name", "x" * 201),
        ("name", "a\x00b"),
        ("options", "[1]"),
        ("options", "{"),
        ("options", '{"mode": "upside_down"}'),
        ("webhook_url", "ftp://example.org"),
    ],
)
def test_it_refuses_a_bad_value(api: Api, field: str, value: str) -> None:
    assert_refused(api.upload(make_picture(), **{field: value}), 400, "invalid_parameter")
    assert_nothing_kept()


def test_it_refuses_an_option_that_the_engine_does_not_know(api: Api) -> None:
    assert_refused(api.upload(make_picture(), options='{"quad": true}'), 400, "unknown_parameter")
    assert_nothing_kept()


def test_it_refuses_a_value_given_twice(api: Api) -> None:
    assert_refused(
        api.upload(make_picture(), face_limit="5000", options='{"face_limit": 6000}'), 400, "invalid_parameter"
    )


def test_it_refuses_a_field_given_twice(api: Api) -> None:
    response = api.send(UPLOAD, ("files", "a.png", make_picture()), ("name", None, b"a"), ("name", None, b"b"))

    assert_refused(response, 400, "invalid_parameter")


def test_it_refuses_a_query_parameter(api: Api) -> None:
    response = api.send(f"{UPLOAD}?face_limit=5000", ("files", "a.png", make_picture()))

    assert_refused(response, 400, "invalid_parameter")


@pytest.mark.django_db(transaction=True)
def test_it_keeps_nothing_when_the_user_has_too_much_under_way(api: Api, settings) -> None:
    settings.MAX_ACTIVE_GENERATIONS = 1

    response = api.upload(make_picture(), make_picture(1))

    assert_refused(response, 429, "too_many_active_generations")
    assert int(response["Retry-After"]) > 0
    assert_nothing_kept()


def test_a_refused_upload_leaves_pictures_alone_that_were_there(api: Api, settings) -> None:
    api.send("/api/v1/images", ("files", "a.png", make_picture()))
    settings.MAX_ACTIVE_GENERATIONS = 0

    api.upload(make_picture(), make_picture(1))

    assert SourceImage.objects.count() == 1
