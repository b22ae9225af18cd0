"""How do the tests call the API? With a key, over Django's client; each answer is held against the OpenAPI document."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from accounts.models import User
from accounts.services import create_api_key

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
        check_answer(method, path, response)
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


@cache
def read_document() -> dict[str, Any]:
    """The OpenAPI document as it is served."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


def check_answer(method: str, path: str, response: HttpResponse) -> None:
    """The document names this status for this call, and the body has the shape that it gives."""
    operation = find_operation(method, path)
    if operation is None:
        return
    described = find_description(operation, response.status_code)
    assert described is not None, f"{method} {path} answered {response.status_code}, which is not documented"
    for name, header in described.get("headers", {}).items():
        assert name in response.headers or not resolve(header).get("required"), f"{method} {path} lacks {name}"
    content = described.get("content", {}).get("application/json")
    if content and response.get("Content-Type") == "application/json":
        validate(response.json(), content["schema"])


def find_description(operation: dict[str, Any], status: int) -> dict[str, Any] | None:
    described = operation["responses"].get(str(status))
    return resolve(described) if described else None


def resolve(part: dict[str, Any]) -> dict[str, Any]:
    """What a reference refers to."""
    if "$ref" not in part:
        return part
    found: dict[str, Any] = read_document()
    for name in part["$ref"].split("/")[1:]:
        found = found[name]
    return found


def find_operation(method: str, path: str) -> dict[str, Any] | None:
    place = path.partition("?")[0].rstrip("/")
    verb = "get" if method == "HEAD" else method.lower()
    for address, operations in read_document()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", address), place):
            operation: dict[str, Any] | None = operations.get(verb)
            return operation
    return None


def validate(body: Any, schema: dict[str, Any]) -> None:
    validator = Draft202012Validator(_localise(schema) | {"components": _localise(read_document()["components"])})
    problem = next(iter(validator.iter_errors(body)), None)
    assert problem is None, f"{problem.json_path}: {problem.message}"


def _localise(schema: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` in the words of JSON schema; ``readOnly`` and the like do no harm."""
    if isinstance(schema, list):
        return [_localise(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: _localise(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [rest, {"type": "null"}]} if schema.get("nullable") is True else rest
