"""GET /api/v1/models/available, POST /api/v1/models/generate and /api/v1/estimate"""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest

from accounts.models import Limits, User
from jobs.models import Job, LedgerEntry
from tests.api.client import Api, assert_refused
from tests.factories import make_picture

pytestmark = pytest.mark.django_db

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def file_id(api: Api) -> str:
    return api.send("/api/v1/images", ("files", "a.png", make_picture())).json()["images"][0]["file_id"]


def test_it_works(api: Api) -> None:
    (local,) = [entry for entry in api.get("/api/v1/models/available").json() if entry["id"] == "local"]

    assert local["type"] == "image_to_3d"
    assert local["price"] == "0.00"
    assert local["available"] is True
    assert local["typical_seconds"] >= 1
    assert "glb" in local["supported_formats"]
    assert local["options"]["properties"]["face_limit"]["maximum"] == 500_000


def test_the_default_comes_first(api: Api) -> None:
    assert api.get("/api/v1/models/available/").json()[0]["id"] == "local"


def test_it_estimates(api: Api, alice: User) -> None:
    Limits.objects.create(user=alice, budget_usd_per_month=Decimal("20"))
    for state, amount in (("actual", "0.35"), ("released", "9")):
        LedgerEntry.objects.create(
            owner=alice, job_id=uuid4(), generation_id=uuid4(), engine="local", amount=Decimal(amount), state=state
        )

    body = api.post("/api/v1/estimate", {"engine": "local", "count": 3, "options": {"face_limit": 5000}}).json()

    assert body["amount"] == "0.00"
    assert body["per_generation"] == "0.00"
    assert body["currency"] == "USD"
    assert body["seconds"] >= 1
    assert body["budget"]["limit"] == "20.00"
    assert body["budget"]["spent"] == "0.35"
    assert body["budget"]["remaining"] == "19.65"
    assert body["budget"]["resets_at"].endswith("-01T00:00:00Z")


def test_without_a_budget_nothing_is_limited(api: Api) -> None:
    body = api.post("/api/v1/estimate", {}).json()

    assert body["budget"]["limit"] is None
    assert body["budget"]["remaining"] is None
    assert body["budget"]["spent"] == "0.00"


def test_a_reading_key_may_estimate(alice: User) -> None:
    assert Api(alice, scopes=("read",)).post("/api/v1/estimate", {}).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"engine": "nothing"}, "invalid_parameter"),
        ({"count": 0}, "invalid_parameter"),
        ({"count": 1.5}, "invalid_parameter"),
        ({"count": True}, "invalid_parameter"),
        ({"options": {"quad": True}}, "unknown_parameter"),
        ({"options": 5}, "invalid_parameter"),
        ({"number": 5}, "unknown_parameter"),
    ],
    ids=str,
)
def test_it_refuses_a_bad_estimate(api: Api, body, code: str) -> None:
    assert_refused(api.post("/api/v1/estimate", body), 400, code)


def test_it_generates(api: Api, file_id: str) -> None:
    asked = {"file_id": file_id, "model_type": "local", "quality": "high", "texture_enabled": True, "face_limit": 4000}

    body = api.post("/api/v1/models/generate", asked).json()

    job = Job.objects.get()
    assert body["job_id"] == str(job.pk)
    assert body["task_id"] == str(job.task_id)
    assert body["status"] == "queued"
    assert body["estimated_time"] >= 1
    assert job.options["texture"] == "hd"
    assert job.options["face_limit"] == 4000


def test_it_generates_without_texture(api: Api, file_id: str) -> None:
    api.post("/api/v1/models/generate", {"file_id": file_id, "texture_enabled": False})

    assert Job.objects.get().options["texture"] == "none"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"file_id": None}, 400, "invalid_id"),
        ({"file_id": "x"}, 400, "invalid_id"),
        ({"file_id": UNKNOWN}, 404, "not_found"),
        ({"model_type": "nothing"}, 400, "invalid_parameter"),
        ({"quality": "best"}, 400, "invalid_parameter"),
        ({"texture_enabled": "yes"}, 400, "invalid_parameter"),
        ({"face_limit": 1}, 400, "invalid_parameter"),
        ({"steps": 1}, 400, "unknown_parameter"),
    ],
    ids=str,
)
def test_it_refuses_bad_orders(api: Api, file_id: str, change, status: int, code: str) -> None:
    assert_refused(api.post("/api/v1/models/generate", {"file_id": file_id, **change}), status, code)
    assert not Job.objects.exists()


def test_d01_it_refuses_nobody(nobody: Api) -> None:
    assert_refused(nobody.get("/api/v1/models/available"), 401, "not_authenticated")
    assert_refused(nobody.post("/api/v1/estimate", {}), 401, "not_authenticated")
