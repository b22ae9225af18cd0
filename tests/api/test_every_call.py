"""What holds for every call of the API, taken from the OpenAPI document: nothing can be forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest

from accounts.models import ApiKey, User
from jobs.models import Job, Webhook
from jobs.services.webhooks.subscriptions import send_test
from tests.api.client import Api, assert_refused
from tests.api.document import read_document
from tests.factories import finish_job, make_job

pytestmark = pytest.mark.django_db

OPEN = re.compile(r"/health|/api/v1/health.*")
STAFF = re.compile(r"/api/v1/(admin|logs)/.*")
STREAMS = re.compile(r".*/(events|stream)")  # not Django's: tests/live


def list_calls(pattern: str = "") -> Iterator[tuple[str, str]]:
    for path, operations in read_document()["paths"].items():
        if not STREAMS.fullmatch(path) and pattern in path:
            yield from ((verb.upper(), path) for verb in operations)


def fill(path: str, **values: object) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], "picture-0.glb")), path)


def ids_of(job: Job) -> dict[str, object]:
    generation = job.generations.get()
    key = ApiKey.objects.get(user=job.owner)
    return {"job_id": job.pk, "task_id": job.task_id, "generation_id": generation.pk, "key_id": key.pk,
            "file_id": generation.inputs.get().image_id, **webhook_ids_of(job)}  # fmt: skip


def webhook_ids_of(job: Job) -> dict[str, object]:
    webhook = Webhook.objects.create(owner=job.owner, url="https://203.0.113.5/", types=["job.failed"])
    return {"webhook_id": webhook.pk, "delivery_id": send_test(webhook).pk}


def unknown_ids() -> dict[str, object]:
    names = ("job_id", "task_id", "generation_id", "key_id", "file_id", "webhook_id", "delivery_id")
    return {name: uuid4() for name in names}


CLOSED_CALLS = [call for call in list_calls() if not OPEN.fullmatch(call[1])]
CALLS_WITH_IDS = [call for call in CLOSED_CALLS if "{" in call[1]]


@pytest.fixture
def api(alice: User, request: pytest.FixtureRequest) -> Api:
    """Alice, who is of the staff where the call is for staff."""
    if not STAFF.fullmatch(request.node.callspec.params.get("path", "")):
        return Api(alice)
    alice.is_staff = True
    alice.save()
    return Api(alice, scopes=("read", "write", "admin"))


def test_there_are_calls() -> None:
    assert len(CLOSED_CALLS) > 25
    assert len(CALLS_WITH_IDS) > 12


@pytest.mark.parametrize(("method", "path"), CLOSED_CALLS)
@pytest.mark.parametrize("slash", ["", "/"])
def test_d01_nobody_is_refused(nobody: Api, method: str, path: str, slash: str) -> None:
    response = nobody.call(method, fill(path, **unknown_ids()) + slash)

    assert_refused(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.database
@pytest.mark.parametrize(("method", "path"), [call for call in CALLS_WITH_IDS if not STAFF.fullmatch(call[1])])
def test_e01_what_is_not_yours_is_not_there(api: Api, stranger: Api, bob: User, method: str, path: str) -> None:
    job = finish_job(make_job(bob))

    foreign = assert_refused(api.call(method, fill(path, **ids_of(job))), 404, "not_found")
    unknown = assert_refused(api.call(method, fill(path, **unknown_ids())), 404, "not_found")

    assert {**foreign, "request_id": ""} == {**unknown, "request_id": ""}
    assert Job.objects.filter(pk=job.pk, deleted_at=None).exists()
    assert ApiKey.objects.filter(user=bob, revoked_at=None).exists()


@pytest.mark.parametrize(("method", "path"), CALLS_WITH_IDS)
def test_what_is_no_id_is_refused(api: Api, method: str, path: str) -> None:
    bad = dict.fromkeys(unknown_ids(), "not-an-id")

    assert_refused(api.call(method, fill(path, **bad)), 400, "invalid_id")


@pytest.mark.parametrize(("method", "path"), CLOSED_CALLS)
def test_e11_unknown_query_parameters_are_refused(api: Api, method: str, path: str) -> None:
    response = api.call(method, f"{fill(path, **unknown_ids())}?owner=2")

    assert_refused(response, 400, "invalid_parameter")


@pytest.mark.parametrize(("method", "path"), [call for call in CLOSED_CALLS if call[0] != "GET"])
def test_d07_a_reading_key_changes_nothing(api: Api, alice: User, method: str, path: str) -> None:
    if path == "/api/v1/estimate":
        return
    reader = Api(alice, scopes=("read",))

    assert_refused(reader.call(method, fill(path, **unknown_ids())), 403, "insufficient_scope")


@pytest.mark.parametrize("path", sorted({path for _, path in list_calls()}))
def test_other_methods_are_refused(api: Api, path: str) -> None:
    response = api.call("PUT", fill(path, **unknown_ids()))

    assert_refused(response, 405, "method_not_allowed")
    assert response["Allow"]


@pytest.mark.parametrize("path", sorted({path for _, path in list_calls()}))
def test_d09_preflights_allow_other_sites_nothing(nobody: Api, path: str) -> None:
    response = nobody.client.options(fill(path, **unknown_ids()), headers={"Origin": "https://evil.example"})

    assert response.status_code == 200
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(("method", "path"), [call for call in CLOSED_CALLS if call[0] == "POST"])
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/mixed; boundary=x"])
def test_b14_other_content_types_are_refused(api: Api, alice: User, method: str, path: str, kind: str) -> None:
    job = make_job(alice)

    response = api.call(method, fill(path, **ids_of(job)), data=b"text", CONTENT_TYPE=kind)

    assert_refused(response, 415, "unsupported_media_type")
    assert Job.objects.get().status == "queued"
