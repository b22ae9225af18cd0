"""How does a test get an S3 server that can be told to misbehave? Moto's, with faults in front of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "models"
CREDENTIALS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
REFUSAL = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>told to</Message></Error>"
App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass
class ObjectStore:
    """The server, what it was asked, and how it is to answer."""

    app: App = field(default_factory=lambda: DomainDispatcherApplication(create_backend_app))
    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)  # statuses for the next requests
    refuses: int = 0  # a status for all of them
    pause: float = 0.0
    cut_after: int = 0  # bytes of the next body
    lose_answers: int = 0  # carry out, then answer 500

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.append((environ["REQUEST_METHOD"], environ.get("HTTP_RANGE", "")))
        time.sleep(self.pause)  # the fault itself
        if status := self.refuses or (self.refusals.pop(0) if self.refusals else 0):
            return refuse(status, start_response)
        answer = self.app(environ, start_response if not self.lose_answers else lambda *_: None)
        if self.lose_answers:
            self.lose_answers -= 1
            list(answer)
            return refuse(500, start_response)
        if self.cut_after and environ["REQUEST_METHOD"] == "GET":
            cut, self.cut_after = self.cut_after, 0
            return [b"".join(answer)[:cut]]
        return answer

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"s3://{BUCKET}/kept?endpoint={self.endpoint}&region=us-east-1&key=key&secret=secret&addressing=path"

    @property
    def client(self) -> Any:
        return boto3.client(
            "s3", endpoint_url=self.endpoint, config=Config(s3={"addressing_style": "path"}), **CREDENTIALS
        )

    def keys(self) -> list[str]:
        """Below the place that the URL names."""
        found = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return sorted(entry["Key"].removeprefix("kept/") for entry in found)

    def empty(self) -> None:
        for key in self.keys():
            self.client.delete_object(Bucket=BUCKET, Key=f"kept/{key}")
        self.asked.clear()

    def heal(self) -> None:
        self.refusals, self.refuses, self.pause, self.cut_after, self.lose_answers = [], 0, 0.0, 0, 0


def refuse(status: int, start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response(f"{status} Told", [("Content-Type", "application/xml")])
    return [REFUSAL % {403: b"AccessDenied", 500: b"InternalError", 503: b"SlowDown"}[status]]


@contextmanager
def run_object_store() -> Iterator[ObjectStore]:
    store = ObjectStore()
    server = make_server("127.0.0.1", 0, store, threaded=True)
    store.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        store.client.create_bucket(Bucket=BUCKET)
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
