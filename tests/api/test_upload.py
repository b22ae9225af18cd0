"""POST /api/v1/upload and /api/v1/upload/image"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import User
from jobs.models import Generation, IdempotencyKey, Job, SourceImage
from jobs.services import runs
from tests.api.client import BOUNDARY, Api, assert_refused, encode_form
from tests.factories import make_picture

pytestmark = pytest.mark.django_db

UPLOAD = "/api/v1/upload"


def assert_nothing_kept() -> None:
    assert not Job.objects.exists()
    assert not SourceImage.objects.exists()
    assert not [path for path in (settings.DATA_DIR / "files").rglob("*") if path.is_file()]
    assert not list(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir())


def test_it_works(api: Api, alice: User) -> None:
    picture = make_picture()

    response = api.upload(picture, make_picture(1))

    body = response.json()
    job = Job.objects.get()
    assert response.status_code == 200
    assert body["job_id"] == body["batch_id"] == str(job.pk)
    assert body["task_id"] == str(job.task_id) != body["job_id"]
    assert body["status"] == "queued"
    assert body["total_files"] == 2
    assert body["face_limit"] == 20_000
    assert body["engine"] == "local"
    assert body["message"] == "2 images accepted."
    assert body["estimate"]["amount"] == "0.00"
    assert body["estimate"]["currency"] == "USD"
    assert body["estimate"]["seconds"] > 0
    assert body["urls"]["self"] == f"http://testserver/api/v1/jobs/{job.pk}"
    assert body["urls"]["page"] == f"http://testserver/jobs/{job.pk}/"
    first = body["uploaded_files"][0]
    assert first["filename"] == "picture-0.png"
    assert first["file_size"] == len(picture)
    assert first["content_type"] == "image/png"
    assert (first["width"], first["height"]) == (96, 96)
    assert first["sha256"] == hashlib.sha256(picture).hexdigest()
    assert first["status"] == "uploaded"
    assert Generation.objects.get(pk=first["generation_id"]).job == job
    assert job.owner == alice


def test_it_works_with_a_slash(api: Api) -> None:
    assert api.send(f"{UPLOAD}/", ("files", "a.png", make_picture())).status_code == 200


def test_it_takes_one_file(api: Api) -> None:
    response = api.send(f"{UPLOAD}/image", ("file", "a.png", make_picture()))

    assert response.status_code == 200
    assert response.json()["message"] == "1 image accepted."


def test_it_refuses_two_files_for_one(api: Api) -> None:
    response = api.send(f"{UPLOAD}/image", ("file", "a.png", make_picture()), ("file", "b.png", make_picture(1)))

    assert_refused(response, 400, "invalid_parameter")


def test_it_takes_all_fields(api: Api) -> None:
    response = api.upload(
        make_picture(),
        engine="local",
        face_limit="5000",
        texture="none",
        seed="7",
        formats="stl,obj",
        options='{"mode": "whole_picture"}',
        fallback="local",
        name="Chairs",
    )

    job = Job.objects.get()
    assert response.json()["face_limit"] == 5000
    assert job.options == {"face_limit": 5000, "texture": "none", "seed": 7, "mode": "whole_picture"}
    assert job.formats == ["obj", "stl"]
    assert (job.fallback, job.name) == ("local", "Chairs")


def test_b18_the_same_file_twice_is_two_generations(api: Api) -> None:
    body = api.upload(make_picture(), make_picture()).json()

    first, second = body["uploaded_files"]
    assert first["file_id"] == second["file_id"]
    assert first["generation_id"] != second["generation_id"]
    assert Generation.objects.count() == 2


def test_it_makes_one_generation_of_views(api: Api) -> None:
    body = api.upload(make_picture(), make_picture(1), views="left,front").json()

    generation = Generation.objects.get()
    assert {entry["generation_id"] for entry in body["uploaded_files"]} == {str(generation.pk)}
    assert [entry.view for entry in generation.inputs.all()] == ["left", "front"]
    assert body["total_files"] == 2


@pytest.mark.parametrize("views", ["front", "front,front", "left,right", "front,behind"])
def test_it_refuses_wrong_views(api: Api, views: str) -> None:
    assert_refused(api.upload(make_picture(), make_picture(1), views=views), 400, "invalid_parameter")
    assert_nothing_kept()


def test_d11_it_uses_the_public_address(api: Api, settings) -> None:
    settings.PUBLIC_URL = "https://models.example.org"

    response = api.send(
        UPLOAD,
        ("files", "a.png", make_picture()),
        headers={"X-Forwarded-Host": "evil.com", "X-Forwarded-Proto": "http"},
    )

    assert response.json()["urls"]["self"].startswith("https://models.example.org/api/v1/jobs/")


@pytest.mark.django_db(transaction=True)
def test_it_says_when_the_queue_is_out_of_reach(api: Api, monkeypatch) -> None:
    monkeypatch.setattr("jobs.queue.ring", lambda queue: False)

    response = api.upload(make_picture())

    assert response.status_code == 200
    assert response.json()["status"] == "queued"
    assert "queue cannot be reached" in response["Warning"]


# Idempotency


def test_it_answers_the_same_job_again(api: Api) -> None:
    parts = [("files", "a.png", make_picture()), ("face_limit", None, b"5000")]

    first = api.send(UPLOAD, *parts, headers={"Idempotency-Key": "k1"})
    again = api.send(UPLOAD, *parts, headers={"Idempotency-Key": "k1"})

    assert first.json()["job_id"] == again.json()["job_id"]
    assert first.json()["uploaded_files"] == again.json()["uploaded_files"]
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    "parts",
    [
        [("files", "a.png", make_picture(1))],
        [("files", "a.png", make_picture()), ("face_limit", None, b"5000")],
        [("files", "a.png", make_picture()), ("files", "b.png", make_picture())],
    ],
    ids=["file", "parameter", "number"],
)
def test_f08_it_refuses_a_key_used_for_something_else(api: Api, parts) -> None:
    api.send(UPLOAD, ("files", "a.png", make_picture()), headers={"Idempotency-Key": "k1"})

    assert_refused(api.send(UPLOAD, *parts, headers={"Idempotency-Key": "k1"}), 409, "idempotency_key_reused")
    assert Job.objects.count() == 1


@pytest.mark.parametrize("key", ["k" * 256, "a\x01b", "", "schlüssel"])
def test_f10_it_refuses_a_bad_key(api: Api, key: str) -> None:
    response = api.send(UPLOAD, ("files", "a.png", make_picture()), headers={"Idempotency-Key": key})

    assert_refused(response, 400, "invalid_idempotency_key")
    assert_nothing_kept()


def test_f12_a_refused_request_does_not_use_up_its_key(api: Api) -> None:
    bad = api.send(UPLOAD, ("files", "a.png", b"no picture"), headers={"Idempotency-Key": "k1"})
    good = api.send(UPLOAD, ("files", "a.png", make_picture()), headers={"Idempotency-Key": "k1"})

    assert (bad.status_code, good.status_code) == (400, 200)
    assert IdempotencyKey.objects.count() == 1


def test_keys_of_two_users_do_not_meet(api: Api, stranger: Api) -> None:
    for caller in (api, stranger):
        caller.send(UPLOAD, ("files", "a.png", make_picture()), headers={"Idempotency-Key": "k1"})

    assert Job.objects.count() == 2


# Refusals: files


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


# Refusals: the form


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


# Who may


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
