"""Who may make the calls for staff?"""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from tests.api.client import Api, assert_refused

JOB = "0d3b1f0a-6f0e-4f5e-9a55-3f6f0c9e5d11"
CALLS = [
    ("GET", "/api/v1/admin/disk-usage", None, 200),
    ("GET", "/api/v1/admin/system-health", None, 200),
    ("POST", "/api/v1/admin/cleanup", {"hours": 1, "dry_run": True}, 200),
    ("POST", "/api/v1/admin/cleanup-job", {"job_id": JOB}, 404),
    ("DELETE", f"/api/v1/admin/delete-job/{JOB}", None, 404),
    ("GET", "/api/v1/admin/list-files", None, 200),
    ("GET", "/api/v1/logs/analyze", None, 200),
    ("GET", "/api/v1/logs/health", None, 200),
    ("GET", "/api/v1/logs/summary/daily", None, 200),
]
every_call = pytest.mark.parametrize(("method", "path", "body", "status"), CALLS, ids=[call[1] for call in CALLS])


def call(api: Api, method: str, path: str, body):
    return api.post(path, body) if method == "POST" else api.call(method, path)


@pytest.fixture
def staff(alice: User) -> User:
    alice.is_staff = True
    alice.save()
    return alice


@every_call
def test_it_works_for_staff(staff: User, method: str, path: str, body, status: int) -> None:
    api = Api(staff, scopes=("admin",))

    assert call(api, method, path, body).status_code == status
    assert call(api, method, f"{path}/", body).status_code == status


@every_call
def test_nobody_is_refused(nobody: Api, method: str, path: str, body, status: int) -> None:
    assert_refused(call(nobody, method, path, body), 401, "not_authenticated")


@every_call
def test_users_are_refused(api: Api, method: str, path: str, body, status: int) -> None:
    assert_refused(call(api, method, path, body), 403, "permission_denied")


@every_call
def test_a_key_of_staff_needs_the_scope(staff: User, method: str, path: str, body, status: int) -> None:
    api = Api(staff, scopes=("read", "write"))

    assert_refused(call(api, method, path, body), 403, "insufficient_scope")


def test_a_session_of_staff_will_do(client: Client, staff: User) -> None:
    client.force_login(staff)

    assert client.get("/api/v1/admin/disk-usage").status_code == 200


def test_a_session_needs_the_csrf_token(staff: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)

    response = client.post("/api/v1/admin/cleanup", {"hours": 1}, content_type="application/json")

    assert_refused(response, 403, "csrf_failed")
