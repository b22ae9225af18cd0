"""One id from the upload to FAL: answer, job, doorbell, log lines of the workers, and every call for the generation."""

from __future__ import annotations

import json
import logging

import pytest

from image2model.ops.logs import JsonFormatter
from jobs import queue
from jobs.models import Attempt, Generation, Job
from jobs.services import cancel_job
from tests.api.client import Api
from tests.factories import make_picture

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

SHARED = {"pricing", "token"}  # prices are kept for a while, a storage token serves many uploads
ENGINE = "tripo-v2.5"


class Lines(logging.Handler):
    """Each line as the product's log has it, formatted where it was written."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.seen: list[dict] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(json.loads(self.format(record)))


@pytest.fixture
def lines():
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler.seen
    logging.getLogger().removeHandler(handler)


def upload(alice, name: str, *, number: int = 0) -> Job:
    body = Api(alice).send(
        "/api/v1/upload", ("files", "a.png", make_picture(number)), ("engine", None, ENGINE.encode()),
        headers={"X-Request-ID": name},
    )  # fmt: skip
    assert (body.status_code, body["X-Request-ID"]) == (200, name)
    return Job.objects.get(pk=body.json()["job_id"])


def list_calls(scene) -> list[tuple[str, str]]:
    """Step and request id of each call that FAL met."""
    return [(entry["step"], entry["headers"].get("x-request-id", "")) for entry in scene.fal.ledger()["requests"]]


def test_it_works(alice, scene, lines):
    queue.find_queue(queue.FAL).empty()
    job = upload(alice, "upload-42")
    [bell] = queue.find_queue(queue.FAL).jobs
    scene.run(job)

    assert job.request_id == bell.meta["request_id"] == "upload-42"
    [told] = [line for line in lines if line["logger"] == "image2model.generations"]
    assert (told["request_id"], told["job_id"]) == ("upload-42", str(job.pk))
    calls = list_calls(scene)
    assert {name for step, name in calls if step not in SHARED} == {"upload-42"}
    assert {"upload", "submit", "status", "result", "download"} <= {step for step, _ in calls}


def test_each_call_names_the_request_of_its_own_job(alice, scene):
    jobs = [upload(alice, f"upload-{number}", number=number) for number in range(3)]
    for job in jobs:
        scene.run(job)

    calls = [call for call in list_calls(scene) if call[0] not in SHARED]
    for step in ("submit", "result"):
        assert sorted(name for found, name in calls if found == step) == ["upload-0", "upload-1", "upload-2"]
    assert {name for _, name in calls} == {"upload-0", "upload-1", "upload-2"}


def test_the_cancel_names_it(alice, scene, lines):
    scene.fal.set_options(run_seconds=30)
    job = upload(alice, "upload-7")
    scene.send()
    cancel_job(job, actor="alice")
    scene.follow_until(lambda: Attempt.objects.get().cancel_sent_at)

    assert ("cancel", "upload-7") in list_calls(scene)
    assert {line["request_id"] for line in lines if "was asked to stop" in line["message"]} == {"upload-7"}


def test_the_search_in_the_history_names_it(alice, scene):
    scene.fal.script("submit-reset-created")
    job = upload(alice, "upload-8")
    generation = scene.run(job)

    assert Generation.objects.get(pk=generation.pk).status == "completed"
    assert {name for step, name in list_calls(scene) if step == "history"} == {"upload-8"}
