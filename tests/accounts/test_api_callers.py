"""Rows D01, D03, D05 and D07 of the bad inputs, at views that stand for any other of the API."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services


class AnyView(APIView):
    def get(self, request):
        return Response({"user": str(request.user)})

    post = delete = get


class StaffView(AnyView):
    staff_only = True


class ReadingView(AnyView):
    required_scope = "read"


urlpatterns = [
    path("api/any", AnyView.as_view()),
    path("api/staff", StaffView.as_view()),
    path("api/reading", ReadingView.as_view()),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def bearer(user, *scopes, scheme="Bearer"):
    return {"Authorization": f"{scheme} {services.create_api_key(user, name='script', scopes=scopes)[1]}"}


def refuse(response, status, code):
    assert response.status_code == status
    assert response.json()["error_code"] == code


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_it_works(client, alice, scheme):
    response = client.get("/api/any", headers=bearer(alice, "read", scheme=scheme))

    assert response.json() == {"user": "alice@example.org"}
    assert alice.api_keys.get().last_used_at


def test_no_credentials(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/api/any")
    refuse(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "",
        "Basic YTpi",
        "Token x",
        "Bearer i2m_x",
        "Bearer " + "x" * 4096,
        "Bearer i2m_ä",
        "i2m_x",
        "Bearer i2m_00000000_" + "0" * 38,
    ],
)
def test_a_malformed_key_costs_no_query(client, header, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/api/any", headers={"Authorization": header})
    refuse(response, 401, "invalid_api_key")
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_bad_key_is_refused_even_with_a_session(client, alice):
    client.force_login(alice)
    refuse(client.get("/api/any", headers={"Authorization": "Bearer i2m_x"}), 401, "invalid_api_key")


def test_a_key_in_the_address_or_a_form_is_no_key(client, alice):
    _, raw = services.create_api_key(alice, name="script", scopes=["read", "write"])
    refuse(client.get("/api/any", {"api_key": raw}), 401, "not_authenticated")
    refuse(client.post("/api/any", {"api_key": raw}), 401, "not_authenticated")


def test_a_reading_key_does_not_write(client, alice):
    headers = bearer(alice, "read")
    refuse(client.post("/api/any", headers=headers), 403, "insufficient_scope")
    refuse(client.delete("/api/any", headers=headers), 403, "insufficient_scope")
    assert client.post("/api/reading", headers=headers).status_code == 200


def test_a_writing_key_does_not_read(client, alice):
    refuse(client.get("/api/any", headers=bearer(alice, "write")), 403, "insufficient_scope")


def test_a_staff_view_wants_staff_and_scope(client, alice, bob):
    refuse(client.get("/api/staff", headers=bearer(bob, "read", "write")), 403, "permission_denied")
    alice.is_staff = True
    alice.save()
    refuse(client.get("/api/staff", headers=bearer(alice, "read", "write")), 403, "insufficient_scope")
    assert client.get("/api/staff", headers=bearer(alice, "admin")).status_code == 200


def test_a_key_outlives_no_staff_right(client, alice):
    alice.is_staff = True
    alice.save()
    headers = bearer(alice, "admin")
    alice.is_staff = False
    alice.save()
    refuse(client.get("/api/staff", headers=headers), 403, "permission_denied")


def test_a_session_may_do_what_its_user_may(client, alice):
    client.force_login(alice)
    assert client.post("/api/any").status_code == 200
    refuse(client.get("/api/staff"), 403, "permission_denied")


def test_a_session_needs_the_csrf_token(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.get("/api/any").status_code == 200
    refuse(client.post("/api/any"), 403, "csrf_failed")


def test_a_key_needs_no_csrf_token(alice):
    client = Client(enforce_csrf_checks=True)
    assert client.post("/api/any", headers=bearer(alice, "write")).status_code == 200
