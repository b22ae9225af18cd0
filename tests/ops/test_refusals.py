"""Every refusal is explained: its request id leads to one line of the log that says what it was (P29)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from image2model import urls as site
from image2model.ops.logs import JsonFormatter
from image2model.rest import ApiView
from jobs.errors import STATUS_OF_CODE, JobError
from tests.ops.asgi import ask


class RefusingView(ApiView):
    """Raises what any view may raise."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request: Request, code: str) -> None:
        raise JobError(code, "This cannot be done.", details={"limit": 1, "active": 1, "size": 3})


urlpatterns = [path("api/v1/refuse/<str:code>", RefusingView.as_view()), *site.urlpatterns]
handler400, handler403, handler404, handler500 = site.handler400, site.handler403, site.handler404, site.handler500
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]


class Log:
    """What was written, as the files have it."""

    def __init__(self) -> None:
        self.text = io.StringIO()

    def find(self, request_id: str) -> list[dict]:
        lines = [json.loads(line) for line in self.text.getvalue().splitlines()]
        return [line for line in lines if line.get("request_id") == request_id]


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    handler = logging.StreamHandler(log.text)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("image2model.requests")
    logger.addHandler(handler)
    yield log
    logger.removeHandler(handler)


@pytest.mark.parametrize("code", STATUS_OF_CODE)
async def test_one_line_says_what_it_was(log: Log, code: str) -> None:
    answer = await ask(f"/api/v1/refuse/{code}")

    told = answer.json()
    assert (answer.status, told["error_code"]) == (STATUS_OF_CODE[code], code)
    assert told["request_id"] == answer.headers["x-request-id"]
    [line] = log.find(told["request_id"])
    assert (line["error_code"], line["status"], line["route"]) == (code, answer.status, "api/v1/refuse/<str:code>")
    assert line["level"] == ("WARNING" if answer.status >= 500 else "INFO")
    assert "This cannot be done" not in json.dumps(line)


# Before and beside the views.
PLACES = [
    ("GET", "/api/v1/jobs", {}, 401, "not_authenticated"),
    ("GET", "/api/v1/jobs", {"authorization": "Bearer i2m_x"}, 401, "invalid_api_key"),
    ("GET", "/api/v1/nowhere", {}, 404, "not_found"),
    ("GET", "/api/v1/events", {}, 401, "not_authenticated"),
    ("POST", "/api/v1/events", {}, 405, "method_not_allowed"),
    ("GET", "/api/v1/health?colour=red", {}, 400, "invalid_parameter"),
    ("GET", "/api/v1/jobs", {"accept": "text/css"}, 406, "not_acceptable"),
    ("POST", "/api/v1/upload", {"content-length": "999999999"}, 413, "request_too_large"),
    ("POST", "/api/v1/upload", {"transfer-encoding": "chunked"}, 401, "not_authenticated"),
    ("POST", "/api/v1/webhooks/fal/none", {"content-type": "application/json"}, 401, "webhook_signature_invalid"),
]


@pytest.mark.parametrize(("method", "place", "headers", "status", "code"), PLACES)
async def test_also_where_no_view_took_it(
    log: Log, method: str, place: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await ask(place, method=method, headers={**headers, "x-request-id": "mine-7"})

    assert (answer.status, answer.json()["error_code"], answer.json()["request_id"]) == (status, code, "mine-7")
    [line] = log.find("mine-7")
    assert (line["status"], line["error_code"]) == (status, code)


async def test_what_went_well_names_no_code(log: Log) -> None:
    answer = await ask("/api/schema", headers={"x-request-id": "mine-8"})

    assert answer.status == 200
    [line] = log.find("mine-8")
    assert "error_code" not in line
