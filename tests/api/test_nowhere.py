"""Requests that no view of the API takes: unknown addresses, other methods, both forms, HEAD and OPTIONS"""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.api.client import Api, assert_refused
from tests.api.document import read_document
from tests.api.test_every_call import STAFF, STREAMS, fill, ids_of
from tests.factories import finish_job, make_job

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND")
NOWHERE = (
    "/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/jobs", "/api/v1/nothing", "/api/v1/jobs/1/2/3/4", "/api/v1//jobs",
    "/api/v1/upload/images", "/api/v1/admin", "/api/v1/admin/nothing", "/api/v1/health/nothing", "/api/v1/%00",
    "/api/v1/../v1/jobs", "/api/v1/jobs/%2e%2e/x/y",
)  # fmt: skip
PATHS = [path for path in read_document()["paths"] if not STREAMS.fullmatch(path)]
READ = [path for path in PATHS if "get" in read_document()["paths"][path]]
UNDER_API = [path for path in PATHS if path.startswith("/api/")]


@pytest.fixture
def everything(alice: User) -> dict[str, object]:
    return ids_of(finish_job(make_job(alice)))


@pytest.fixture
def api(alice: User) -> Api:
    """Alice, who is of the staff, with all scopes: whatever is refused is not refused for who she is."""
    alice.is_staff = True
    alice.save()
    return Api(alice, scopes=("read", "write", "admin"))


@pytest.mark.parametrize("path", NOWHERE)
@pytest.mark.parametrize("method", METHODS)
def test_it_works(api: Api, method: str, path: str) -> None:
    response = api.call(method, path, headers={"X-Request-ID": "mine-1"})

    assert assert_refused(response, 404, "not_found")["request_id"] == "mine-1"


@pytest.mark.parametrize("path", NOWHERE)
def test_nobody_learns_what_is_there(nobody: Api, path: str) -> None:
    assert_refused(nobody.get(path), 404, "not_found")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_head_and_options_of_nothing(api: Api, method: str) -> None:
    assert api.call(method, "/api/v1/nothing").status_code == 404


@pytest.mark.parametrize("path", UNDER_API)
@pytest.mark.parametrize("slash", ["", "/"])
def test_methods_that_nobody_knows(api: Api, everything: dict[str, object], path: str, slash: str) -> None:
    response = api.call("PROPFIND", fill(path, **everything) + slash)

    assert_refused(response, 405, "method_not_allowed")
    allowed = {method.lower() for method in response["Allow"].replace(" ", "").split(",")}
    assert allowed - {"head", "options"} == set(read_document()["paths"][path])


@pytest.mark.parametrize("path", READ)
def test_head_is_get_without_a_body(api: Api, everything: dict[str, object], path: str) -> None:
    address = fill(path, **everything)

    head, whole = api.call("HEAD", address), api.get(address)

    assert head.status_code == whole.status_code == 200
    assert b"".join(head) == b""
    assert head["Content-Type"] == whole["Content-Type"]


@pytest.mark.parametrize("path", READ)
def test_both_forms_answer_alike_without_a_redirect(api: Api, everything: dict[str, object], path: str) -> None:
    address = fill(path, **everything)

    bare, slashed = api.get(address), api.get(f"{address}/")

    assert (bare.status_code, slashed.status_code) == (200, 200)
    assert bare["Content-Type"] == slashed["Content-Type"]


@pytest.mark.parametrize("offered", ["mine-1", "A.b_c-9", "x" * 128])
@pytest.mark.parametrize("path", ["/api/v1/jobs", "/api/v1/nothing", "/health", "/api/v1/models/available", "/"])
def test_a_sane_request_id_comes_back(api: Api, path: str, offered: str) -> None:
    assert api.client.get(path, headers={"X-Request-ID": offered})["X-Request-ID"] == offered


@pytest.mark.parametrize("offered", ["", "x" * 129, "a b", "a\nb", "schlüssel", '"><script>', "../x"])
def test_any_other_is_replaced(api: Api, offered: str) -> None:
    given = api.client.get("/api/v1/jobs", headers={"X-Request-ID": offered})["X-Request-ID"]

    assert given != offered
    assert len(given) == 32


def test_staff_is_no_exception(api: Api) -> None:
    assert [path for path in PATHS if STAFF.fullmatch(path)]
    assert_refused(api.call("PUT", "/api/v1/admin/cleanup"), 405, "method_not_allowed")
