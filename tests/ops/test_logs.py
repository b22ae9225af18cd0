"""How log lines look, and where they go"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import RequestFactory

from image2model.middleware import request_id_var
from image2model.ops import log_files
from image2model.ops.log_files import DailyFileHandler, list_log_files
from image2model.ops.logs import HideAddresses, HumanFormatter, JsonFormatter, bind, describe_logging, name_process
from jobs import runner
from jobs.models import Job
from tests.factories import claim, make_job


def make_record(message: str, *args: object, **more: object) -> logging.LogRecord:
    record = logging.LogRecord("jobs.test", logging.WARNING, __file__, 1, message, args, None)
    record.__dict__.update(more)
    return record


def test_it_works() -> None:
    with bind(request_id="req-1", job_id="job-1"):
        line = json.loads(JsonFormatter().format(make_record("Did %s things", 3, facts={"route": "start"})))

    assert line["message"] == "Did 3 things"
    assert (line["level"], line["logger"]) == ("WARNING", "jobs.test")
    assert (line["request_id"], line["job_id"], line["route"]) == ("req-1", "job-1", "start")
    assert datetime.fromisoformat(line["time"]).tzinfo is not None
    assert line["time"].endswith("Z")
    assert line["process"]
    assert request_id_var.get() == ""


def test_people_get_words() -> None:
    assert HumanFormatter().format(make_record("Did %s", "it")) == "WARNING jobs.test: Did it"


@pytest.mark.parametrize("formatter", [JsonFormatter(["canary-secret"]), HumanFormatter(["canary-secret"])])
def test_secrets_are_masked_everywhere(formatter: logging.Formatter) -> None:
    try:
        raise RuntimeError("the key is canary-secret")
    except RuntimeError:
        record = make_record("sent %s", "canary-secret", facts={"note": "canary-secret"})
        record.exc_info = sys.exc_info()

    text = formatter.format(record)

    assert "canary-secret" not in text
    assert "RuntimeError" in text


def test_a_line_is_one_line() -> None:
    text = JsonFormatter().format(make_record("one\ntwo"))

    assert "\n" not in text
    assert json.loads(text)["message"] == "one\ntwo"


def test_djangos_lines_name_the_route() -> None:
    request = RequestFactory().get("/api/v1/download/x/my-face.glb")
    record = make_record("Internal Server Error: %s", request.path, request=request)
    record.name = "django.request"

    assert HideAddresses().filter(record)
    assert record.getMessage() == "Internal Server Error: GET unmatched"


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["/x/manage.py", "work", "local"], "work local"),
        (["manage.py", "sweep", "--check"], "sweep"),
        (["/x/bin/uvicorn", "image2model.asgi:application"], "web"),
        (["/x/site-packages/uvicorn/__main__.py"], "web"),
    ],
)
def test_processes_have_names(argv: list[str], expected: str) -> None:
    assert name_process(argv) == expected


@pytest.mark.parametrize(("wish", "formatter"), [("json", "json"), ("text", "text"), ("", "json")])
def test_it_is_json_unless_somebody_reads_along(tmp_path: Path, wish: str, formatter: str) -> None:
    configuration = describe_logging(folder=tmp_path, wish=wish, secrets=[])

    assert configuration["handlers"]["console"]["formatter"] == formatter  # a test's stderr is no terminal


@pytest.fixture
def handler(tmp_path: Path):
    handler = DailyFileHandler(str(tmp_path / "logs"))
    handler.setFormatter(JsonFormatter())
    yield handler
    handler.close()


def test_lines_go_to_the_file_of_the_day(handler: DailyFileHandler, tmp_path: Path) -> None:
    handler.emit(make_record("one"))
    handler.emit(make_record("two"))

    [path] = list_log_files(tmp_path / "logs")
    assert path.name == f"{datetime.now(UTC):%Y-%m-%d}.000.jsonl"
    assert [json.loads(line)["message"] for line in path.read_text().splitlines()] == ["one", "two"]


def test_a_full_file_is_followed_by_another(handler: DailyFileHandler, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(log_files, "MAX_FILE_BYTES", 400)
    monkeypatch.setattr(log_files, "MAX_FILES", 3)
    for number in range(20):
        handler.emit(make_record("line %s", number))

    files = list_log_files(tmp_path / "logs")
    assert len(files) == 3
    assert "line 19" in files[-1].read_text()
    assert all(path.stat().st_size < 800 for path in files)


def test_a_file_that_was_removed_comes_again(handler: DailyFileHandler, tmp_path: Path) -> None:
    handler.emit(make_record("one"))
    list_log_files(tmp_path / "logs")[0].unlink()
    handler.emit(make_record("two"))

    assert "two" in list_log_files(tmp_path / "logs")[0].read_text()


def test_a_disk_that_is_full_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("no folder")
    handler = DailyFileHandler(str(tmp_path / "logs"))

    handler.emit(make_record("one"))  # does not raise


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_lines_of_a_worker_carry_the_request_id(alice, monkeypatch) -> None:
    with bind(request_id="req-of-alice"):
        job = make_job(alice)
    seen = []
    monkeypatch.setattr(runner, "_run", lambda _: seen.append(json.loads(JsonFormatter().format(make_record("x")))))

    runner.run_generation(claim(job))

    assert Job.objects.get().request_id == "req-of-alice"
    assert [(line["request_id"], line["job_id"]) for line in seen] == [("req-of-alice", str(job.pk))]


@pytest.mark.django_db(transaction=True)
def test_a_doorbell_carries_the_request_id(alice) -> None:
    from jobs import queue

    queue.find_queue(queue.LOCAL).empty()
    with bind(request_id="req-of-alice"):
        make_job(alice)

    [bell] = queue.find_queue(queue.LOCAL).jobs
    assert bell.meta["request_id"] == "req-of-alice"


@pytest.mark.django_db(transaction=True)
def test_the_end_of_a_generation_is_told(alice, caplog) -> None:
    from jobs.services import runs

    with bind(request_id="req-of-alice"):
        job = make_job(alice)
    with caplog.at_level(logging.INFO):
        runs.fail_generation(claim(job), failure=runs.Failure(code="no_object", message="Nothing there."))

    [record] = [record for record in caplog.records if record.name == "image2model.generations"]
    assert record.facts["request_id"] == "req-of-alice"
    assert record.facts["error_code"] == "no_object"
    assert "picture-0" not in record.getMessage()
