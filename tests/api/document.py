"""Does an answer keep to the OpenAPI document? The status is named, headers are there, the body has the shape."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator


@cache
def read_document() -> dict[str, Any]:
    """The OpenAPI document as it is served."""
    schema: dict[str, Any] = SchemaGenerator(urlconf="image2model.urls").get_schema(request=None, public=True)
    return schema


def check_answer(method: str, path: str, *, status: int, headers: Mapping[str, str], body: bytes | None) -> None:
    """``body``: None for one that was not read."""
    operation = find_operation(method, path)
    if operation is None:
        return
    place = f"{method} {path} {status}"
    described = find_description(operation, status)
    assert described is not None, f"{place} is not documented"
    for name, header in described.get("headers", {}).items():
        assert name in headers or not resolve(header).get("required"), f"{place} lacks {name}"
    content = described.get("content", {})
    kind = headers.get("Content-Type", "").partition(";")[0]
    assert not content or kind in content, f"{place} is {kind}, which is not documented"
    if body and kind == "application/json":
        validate(json.loads(body), content[kind]["schema"])


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
    for pattern, operations in list_patterns():
        if pattern.fullmatch(place):
            return operations.get(verb)
    return None


@cache
def list_patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Fixed addresses first: ``/webhooks/deliveries`` is no webhook."""
    paths = sorted(read_document()["paths"].items(), key=lambda entry: entry[0].count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operations) for path, operations in paths]


def validate(body: Any, schema: dict[str, Any]) -> None:
    problem = next(iter(find_validator(json.dumps(schema)).iter_errors(body)), None)
    assert problem is None, f"{problem.json_path}: {problem.message}"


@cache
def find_validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(_localise(json.loads(schema)) | {"components": _localise_components()})


@cache
def _localise_components() -> dict[str, Any]:
    components: dict[str, Any] = _localise(read_document()["components"])
    return components


def _localise(schema: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` in the words of JSON schema; ``readOnly`` and the like do no harm."""
    if isinstance(schema, list):
        return [_localise(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: _localise(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [rest, {"type": "null"}]} if schema.get("nullable") is True else rest
