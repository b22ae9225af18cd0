"""POST /api/v1/upload: who may, and what is said when something is down?"""

from __future__ import annotations

import json

import pytest

from accounts.models import User
from jobs.services import runs
from tests.api.client import Api, assert_nothing_kept, assert_refused
from tests.factories import make_picture

pytestmark = pytest.mark.django_db

UPLOAD = "/api/v1/upload"


def test_d01_it_refuses_nobody(nobody: Api) -> None:
    response = nobody.upload(make_picture())

    assert_refused(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"
    assert_nothing_kept()


def test_d05_it_refuses_a_key_in_the_query(nobody: Api) -> None:
    assert_refused(nobody.send(f"{UPLOAD}?api_key=i2m_x", ("files", "a.png", make_picture())), 401, "not_authenticated")


def test_d07_it_refuses_a_key_that_may_only_read(alice: User) -> None:
    reader = Api(alice, scopes=("read",))

    assert_refused(reader.upload(make_picture()), 403, "insufficient_scope")
    assert_nothing_kept()


def test_a_page_of_ours_uploads_with_its_session(nobody: Api, alice: User) -> None:
    nobody.client.force_login(alice)

    assert nobody.upload(make_picture()).status_code == 200


def test_a_session_needs_its_csrf_token_in_the_header(nobody: Api, alice: User) -> None:
    nobody.client.handler.enforce_csrf_checks = True
    nobody.client.force_login(alice)

    assert_refused(nobody.upload(make_picture()), 403, "csrf_failed")
    token = "x" * 32
    nobody.client.cookies["csrftoken"] = token
    nobody.headers["X-CSRFToken"] = token
    assert nobody.upload(make_picture()).status_code == 200


def test_the_strict_parser_reads_forms_of_sessions_too(nobody: Api, alice: User) -> None:
    nobody.client.force_login(alice)

    response = nobody.send(UPLOAD, ("files", "a.png", make_picture()), ("files", "..", make_picture(1)))

    assert_refused(response, 400, "invalid_filename")


def test_a_fallen_database_is_said_as_such(api: Api, monkeypatch) -> None:
    from django.db import OperationalError

    def fail(*_, **__):
        raise OperationalError("no route to host db.internal")

    monkeypatch.setattr("jobs.api.views.uploads.submit_uploads", fail)
    response = api.upload(make_picture())

    body = assert_refused(response, 503, "database_unavailable")
    assert response["Retry-After"]
    assert "internal" not in json.dumps(body)


def test_a_full_disk_is_said_as_such(api: Api, monkeypatch) -> None:
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jobs.files.default_storage.save", fail)

    assert_refused(api.upload(make_picture()), 503, "storage_full")


def test_our_own_faults_are_logged_and_tell_nothing(api: Api, monkeypatch, caplog) -> None:
    def fail(*_, **__):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("jobs.api.views.uploads.submit_uploads", fail)
    response = api.upload(make_picture())

    body = assert_refused(response, 500, "internal_server_error")
    assert "secret" not in json.dumps(body)
    assert "secret detail" in caplog.text
    assert body["request_id"] in caplog.text


def test_a_worker_can_take_it(api: Api) -> None:
    body = api.upload(make_picture()).json()

    generation = runs.claim_next("local", worker="w")

    assert generation is not None
    assert str(generation.job_id) == body["job_id"]
