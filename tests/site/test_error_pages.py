from __future__ import annotations

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import OperationalError
from django.test import Client
from django.urls import path

from accounts.models import User
from image2model import urls as site
from image2model.answers import build_error


def break_down(request):
    raise RuntimeError("a secret of the machine room")


def refuse(request):
    raise PermissionDenied


def misunderstand(request):
    raise BadRequest("a detail")


def find_no_database(request):
    raise OperationalError("a secret of the machine room")


VIEWS = {"unavailable": find_no_database, "broken": break_down, "closed": refuse, "strange": misunderstand}
urlpatterns = [
    *(path(f"test/{name}", view) for name, view in VIEWS.items()),
    *(path(f"api/test/{name}", view) for name, view in VIEWS.items()),
    *site.urlpatterns,
]
handler400, handler403, handler404, handler500 = site.handler400, site.handler403, site.handler404, site.handler500
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("missing", 404, "Nothing stands here"),
        ("closed", 403, "This room is closed to you"),
        ("strange", 400, "We could not read that"),
        ("broken", 500, "Something broke on our side"),
        ("unavailable", 503, "Back in a moment"),
    ],
)
def test_it_works(client, name, status, words):
    response = client.get(f"/test/{name}")
    page = response.content.decode()

    assert response.status_code == status
    assert words in page
    assert page.count("button-primary") == 1  # one next step
    assert "secret" not in page


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("missing", 404, "not_found"),
        ("closed", 403, "permission_denied"),
        ("strange", 400, "bad_request"),
        ("broken", 500, "internal_server_error"),
    ],
)
def test_callers_of_the_api_get_the_envelope(client, name, status, code):
    response = client.get(f"/api/test/{name}", headers={"X-Request-ID": "abc-123"})
    envelope = response.json()

    assert response.status_code == envelope["status_code"] == status
    assert (envelope["error"], envelope["error_code"]) == (True, code)
    assert envelope["request_id"] == response["X-Request-ID"] == "abc-123"
    assert "secret" not in response.content.decode()


def test_500_needs_no_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/test/broken", headers={"X-Request-ID": "abc-123"})
    assert "abc-123" in response.content.decode()


def test_an_expired_form_can_be_opened_again(alice):
    client = Client(enforce_csrf_checks=True)
    response = client.post("/accounts/login/", {"username": "alice@example.org", "password": "x"})

    assert response.status_code == 403
    assert "The form has expired" in response.content.decode()
    assert 'href="/accounts/login/"' in response.content.decode()


def test_403_names_who_is_signed_in(client, alice):
    client.force_login(alice)
    assert "signed in as alice@example.org" in client.get("/test/closed").content.decode()


def test_the_style_guide_is_for_staff(client, alice):
    assert client.get("/styleguide/").status_code == 404
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    client.force_login(User.objects.get(pk=alice.pk))
    assert client.get("/styleguide/").status_code == 200


def test_the_envelope_says_only_what_there_is_to_say():
    plain = build_error("not_found", "No such job.", 404)
    assert set(plain) == {"error", "error_code", "message", "status_code", "request_id", "hint"}
    full = build_error("file_too_large", "Too large.", 413, hint="Shrink it.", details={"limit_bytes": 10})
    assert (full["hint"], full["details"]) == ("Shrink it.", {"limit_bytes": 10})


@pytest.mark.parametrize("place", ["/test/unavailable", "/api/test/unavailable"])
def test_what_comes_back_says_when(client, place):
    response = client.get(place)

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "secret" not in response.content.decode()
    assert place.startswith("/test") or response.json()["error_code"] == "database_unavailable"
