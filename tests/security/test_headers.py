"""With which headers does every answer go out?"""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.services import create_api_key
from jobs.models import Artifact, Generation, SourceImage
from tests.factories import UserFactory, finish_job, make_job

pytestmark = pytest.mark.django_db

EVERYWHERE = ("/", "/accounts/login/", "/nowhere", "/api/v1/jobs", "/api/docs", "/api/redoc", "/api/schema", "/admin/")
POLICY = {
    "default-src": "'none'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
    "script-src": "'self' 'wasm-unsafe-eval'",
}


def read_policy(answer) -> dict[str, str]:
    directives = (part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in directives if name}


@pytest.fixture
def work(alice):
    return finish_job(make_job(alice))


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_binds_the_browser(client, path):
    answer = client.get(path)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert "camera=()" in answer["Permissions-Policy"]
    policy = read_policy(answer)
    assert {name: policy.get(name) for name in POLICY} == POLICY
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    assert "'unsafe-eval'" not in answer["Content-Security-Policy"]
    assert "http" not in answer["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer


def list_downloads(work):
    artifact = Artifact.objects.filter(role="model").first()
    generation, image = Generation.objects.get(), SourceImage.objects.get()
    return {
        "shown": [reverse("artifact", args=[artifact.pk]), reverse("picture", args=[image.pk]),
                  reverse("thumbnail", args=[image.pk])],
        "saved": [reverse("artifact", args=[artifact.pk]) + "?download", reverse("job_zip", args=[work.pk]),
                  reverse("generation_zip", args=[generation.pk]),
                  f"/api/v1/download/{work.pk}/{artifact.filename}", f"/api/v1/jobs/{work.pk}/download.zip"],
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["shown", "saved"])
def test_files_are_neither_guessed_nor_run(client, alice, work, kind):
    client.force_login(alice)
    for path in list_downloads(work)[kind]:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer["X-Content-Type-Options"] == "nosniff", path
        assert answer["Content-Security-Policy"] == "sandbox", path
        assert answer["Cache-Control"].startswith("private"), path
        assert answer["Content-Type"] not in ("text/html", "image/svg+xml"), path
        assert answer["Content-Disposition"].startswith("inline" if kind == "shown" else "attachment"), path
        assert b"".join(answer.streaming_content)


PERSONAL = ("/models", "/upload", "/accounts/", "/accounts/keys/", "/accounts/webhooks", "/accounts/password/")


@pytest.mark.parametrize("path", PERSONAL)
def test_pages_of_somebody_are_kept_by_nobody(client, alice, work, path):
    client.force_login(alice)
    answer = client.get(path)
    assert answer.status_code == 200
    assert "private" in answer["Cache-Control"]
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("path", ["jobs", "account", "usage", "keys", "webhooks", "jobs/{job}", "health/detailed"])
def test_answers_of_the_api_are_kept_by_nobody(alice, work, path):
    _, raw = create_api_key(alice, name="script", scopes=["read"])
    answer = Client().get(f"/api/v1/{path.format(job=work.pk)}", headers={"authorization": f"Bearer {raw}"})
    assert answer.status_code in (200, 503)
    assert "no-store" in answer["Cache-Control"]


def test_pages_of_the_admin_are_kept_by_nobody(client):
    client.force_login(UserFactory(email="root@example.org", is_staff=True, is_superuser=True))
    for path in ("/admin/", "/admin/accounts/user/", "/admin/django_rq/dashboard/"):
        assert "no-store" in client.get(path)["Cache-Control"], path


def test_a_page_that_begins_a_session_is_kept_by_nobody(client):
    answer = client.get("/accounts/login/")
    assert answer.cookies
    assert "no-store" in answer["Cache-Control"]


def test_cookies_are_out_of_reach_of_scripts(client, alice):
    client.post("/accounts/login/", {"username": alice.email, "password": "secret-of-tests"})
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert cookie["httponly"], name
        assert cookie["samesite"] == "Lax", name
        assert cookie["path"] == "/", name
        assert not cookie["domain"], name


def test_over_https_browsers_are_told_to_stay(client, settings):
    settings.SECURE_HSTS_SECONDS = 31_536_000
    answer = Client().get("/", secure=True)
    assert answer["Strict-Transport-Security"] == "max-age=31536000"
