"""One trace from the upload to the last event"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from accounts.models import User
from image2model import apps
from image2model.ops import tracing
from image2model.ops.logs import bind
from jobs import queue
from jobs.models import Job
from tests.api.client import BOUNDARY, Api, encode_form
from tests.factories import make_picture
from tests.fal.conftest import fal, fal_server, scene  # noqa: F401 - fixtures
from tests.fal.running import Scene
from tests.ops.asgi import Answer, ask

Spans = dict[str, list[ReadableSpan]]


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.use_processor(SimpleSpanProcessor(exporter), process="tests")
    yield exporter
    tracing.use_processor(None)


def group(exporter: InMemorySpanExporter) -> Spans:
    spans: Spans = {}
    for span in exporter.get_finished_spans():
        spans.setdefault(span.name, []).append(span)
    return spans


def assert_one_trace(exporter: InMemorySpanExporter, request_id: str) -> None:
    spans = exporter.get_finished_spans()
    assert {span.context.trace_id for span in spans} == {tracing.find_trace_id(request_id)}
    known = {span.context.span_id for span in spans}
    orphans = [span.name for span in spans if span.parent is not None and span.parent.span_id not in known]
    assert orphans == []


async def upload(alice: User, **headers: str) -> Answer:
    credentials = (await sync_to_async(Api)(alice)).headers
    return await ask(
        "/api/v1/upload",
        method="POST",
        headers={**credentials, **headers, "content-type": f"multipart/form-data; boundary={BOUNDARY}"},
        body=encode_form((("files", "chair.png", make_picture(1)),)),
    )


def work() -> None:
    """What a worker does with the doorbells of the local engine."""
    for bell in queue.find_queue(queue.LOCAL).jobs:
        bell.perform()


@pytest.mark.django_db(transaction=True)
async def test_it_works(alice: User, exporter: InMemorySpanExporter) -> None:
    await sync_to_async(queue.find_queue(queue.LOCAL).empty)()
    answer = await upload(alice)
    await sync_to_async(work)()

    job = await Job.objects.aget(pk=answer.json()["job_id"])
    spans = group(exporter)
    assert job.status == "completed"
    assert job.request_id == answer.headers["x-request-id"]
    assert_one_trace(exporter, job.request_id)
    [root] = [span for span in exporter.get_finished_spans() if span.parent is None]
    assert root.name == "POST api/v1/upload"
    assert root.attributes["http.response.status_code"] == 200
    drained, [generated], [ended] = spans["drain local"][0], spans["generate"], spans["generation ended"]
    assert drained.parent.span_id == spans["ring local"][0].context.span_id  # carried by RQ
    assert generated.parent.span_id == drained.context.span_id
    assert ended.attributes["status"] == "completed"
    assert len(spans["store file"]) >= 4  # picture, thumbnail, model, preview
    assert "chair" not in str([dict(span.attributes) for span in exporter.get_finished_spans()])


@pytest.mark.django_db(transaction=True)
def test_a_generation_at_fal_is_one_trace(alice: User, exporter: InMemorySpanExporter, scene: Scene) -> None:  # noqa: F811
    with bind(request_id="a-name-of-the-callers"), tracing.begin_trace("POST"):
        job = scene.make_job(alice)
    scene.run(job)

    spans = group(exporter)
    assert_one_trace(exporter, "a-name-of-the-callers")
    for name in ("send", "fal upload", "fal submit", "collect", "fal result", "fal download", "finish",
                 "generation ended"):  # fmt: skip
        assert name in spans, sorted(spans)
    assert spans["fal submit"][0].parent.span_id == spans["send"][0].context.span_id
    assert spans["fal submit"][0].attributes["outcome"] == "200"


@pytest.mark.django_db(transaction=True)
async def test_a_trace_of_the_callers_goes_on(alice: User, exporter: InMemorySpanExporter) -> None:
    trace_id, span_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

    answer = await upload(alice, traceparent=f"00-{trace_id}-{span_id}-01")

    assert answer.headers["x-request-id"] == trace_id
    [root] = [span for span in exporter.get_finished_spans() if span.name == "POST api/v1/upload"]
    assert root.context.trace_id == int(trace_id, 16)
    assert root.parent.span_id == int(span_id, 16)


@pytest.mark.parametrize("header", ["", "nonsense", f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'0' * 16}-01"])
async def test_a_bad_traceparent_is_ignored(exporter: InMemorySpanExporter, header: str) -> None:
    answer = await ask("/health", headers={"traceparent": header})

    [root] = exporter.get_finished_spans()
    assert root.parent is None
    assert root.context.trace_id == int(answer.headers["x-request-id"], 16)


@pytest.mark.django_db(transaction=True)
async def test_without_it_nothing_is_made(alice: User) -> None:
    tracing.use_processor(None)
    answer = await upload(alice)

    [bell] = (await sync_to_async(lambda: queue.find_queue(queue.LOCAL).jobs)())[-1:]
    assert bell.meta == {"request_id": answer.headers["x-request-id"]}


def test_what_belongs_to_nothing_makes_no_trace(exporter: InMemorySpanExporter) -> None:
    with tracing.trace("store file"):
        tracing.note_past("fal status", seconds=0.1)

    assert exporter.get_finished_spans() == ()


def test_spans_go_to_the_collector(settings) -> None:
    received: list[Any] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        tracing.start_tracing(f"http://127.0.0.1:{server.server_port}", process="tests")
        with bind(request_id="x"), tracing.begin_trace("GET"):
            pass
        tracing.flush()
    finally:
        provider, tracing._provider = tracing._provider, None
        provider.shutdown()
        server.shutdown()
        thread.join()
        server.server_close()

    [(path, message)] = received
    assert path == "/v1/traces"
    facts = {entry.key: entry.value.string_value for entry in message.resource_spans[0].resource.attributes}
    assert facts["service.name"] == "image2model"
    assert facts["image2model.process"] == "tests"


def test_without_the_extra_it_is_told_once(settings, monkeypatch, caplog) -> None:
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:1"
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with caplog.at_level(logging.WARNING):
        apps.start_traces()

    assert "pip install" in caplog.text
    assert tracing._provider is None
