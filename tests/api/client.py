"""How do the tests call the API? With a key, over Django's client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from accounts.services import create_api_key
from jobs.models import Job, SourceImage

BOUNDARY = "a-boundary-that-no-picture-holds"
Part = tuple[str, str | None, bytes]  # name, file name, content


class Api:
    """A caller with an API key, or without one."""

    def __init__(self, user: User | None, *, scopes: tuple[str, ...] = ("read", "write")) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers: dict[str, str] = {}
        if user is not None:
            _, key = create_api_key(user, name="tests", scopes=scopes)
            self.headers["Authorization"] = f"Bearer {key}"

    def call(self, method: str, path: str, **more: Any) -> HttpResponse:
        headers = {**self.headers, **more.pop("headers", {})}
        response = self.client.generic(method, path, headers=headers, **more)
        if response.streaming:
            response.streaming_content = list(response.streaming_content)  # read to its end, so that files are closed
        return response

    def get(self, path: str, **more: Any) -> HttpResponse:
        return self.call("GET", path, **more)

    def delete(self, path: str, **more: Any) -> HttpResponse:
        return self.call("DELETE", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> HttpResponse:
        if body is not None:
            more |= {"data": json.dumps(body), "content_type": "application/json"}
        return self.call("POST", path, **more)

    def send(self, path: str, *parts: Part, **more: Any) -> HttpResponse:
        """A form of these parts, exactly as given."""
        return self.send_raw(path, encode_form(parts), **more)

    def send_raw(self, path: str, body: bytes, **more: Any) -> HttpResponse:
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return self.call("POST", path, **{"data": body, "CONTENT_TYPE": kind, **more})

    def upload(self, *files: bytes, **fields: str) -> HttpResponse:
        """Pictures named ``picture-0.png`` and so on."""
        parts: list[Part] = [("files", f"picture-{number}.png", data) for number, data in enumerate(files)]
        return self.send("/api/v1/upload", *parts, *[(name, None, value.encode()) for name, value in fields.items()])


def encode_form(parts: tuple[Part, ...]) -> bytes:
    body = b"".join(_encode_part(*part) for part in parts)
    return body + f"--{BOUNDARY}--\r\n".encode()


def _encode_part(name: str, filename: str | None, content: bytes) -> bytes:
    file = f'; filename="{filename}"' if filename is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def assert_refused(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """The envelope of contract section 2."""
    assert response["Content-Type"] == "application/json"
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["error_code"]) == (status, code), body
    assert body["error"] is True
    assert body["status_code"] == status
    assert body["message"]
    assert body["request_id"] == response["X-Request-ID"]
    return body


def assert_nothing_kept() -> None:
    """Neither rows nor files are left of what was sent."""
    assert not Job.objects.exists()
    assert not SourceImage.objects.exists()
    assert not [path for path in (settings.DATA_DIR / "files").rglob("*") if path.is_file()]
    assert not list(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir())
