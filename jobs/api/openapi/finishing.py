"""How is the OpenAPI document finished? Errors, streams, headers, links and examples for every call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jobs.api.openapi.errors import LIMIT_HEADERS, REQUEST_ID, describe_envelope, describe_errors, refer_to
from jobs.api.openapi.examples import add_examples
from jobs.api.openapi.links import add_links
from jobs.api.openapi.streams import describe_frames, describe_streams

Endpoint = tuple[str, str, str, Any]
Operation = dict[str, Any]

BODY_VERBS = frozenset({"post", "put", "patch", "delete"})
EVERYWHERE = (400, 405, 406, 429, 500, 503)
OF_ACCOUNTS = (401, 403)
OF_BODIES = (409, 411, 413, 415)
OF_FILES = (409, 410, 416)
PART_OF_FILE = {"Content-Range": {"description": "Which part of how many bytes.", "schema": {"type": "string"}}}
LOCATION = {"Location": {"description": "Where the new one is.", "schema": {"type": "string", "format": "uri"}}}
TOLD_LATER = {"Retry-After": {"description": "While it runs: seconds.", "schema": {"type": "integer"}}}
OF_NEW_WORK = {
    "Warning": {"description": "The queue cannot be reached; the job is stored.", "schema": {"type": "string"}},
    "Preference-Applied": {"description": "What of Prefer was done.", "schema": {"type": "string"}},
}
OWN_HEADERS = {
    "get_job": TOLD_LATER,
    "get_generation": TOLD_LATER,
    "create_job": LOCATION | OF_NEW_WORK,
    "upload": OF_NEW_WORK,
    "upload_image": OF_NEW_WORK,
    "generate": OF_NEW_WORK,
}


def leave_out_slash_forms(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Before the document is made: each address once, without the slash at its end."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


def complete(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """After the document is made."""
    _add_components(result["components"])
    result["paths"] = dict(sorted({**result["paths"], **describe_streams()}.items()))
    for verb, operation in list_operations(result):
        _complete_operation(verb, operation)
    _close_bodies(result)
    _drop_traces(result)
    add_links(result)
    add_examples(result)
    return result


def _add_components(components: dict[str, Any]) -> None:
    components["schemas"] |= {"Error": describe_envelope(), **describe_frames()}
    components["responses"] = describe_errors()
    components["headers"] = {
        "X-Request-ID": {
            "description": "The caller's own when it is 1–128 letters, digits, `.`, `_` or `-`; else a new one.",
            "schema": {"type": "string"},
            "required": True,
        }
    }


def list_operations(result: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for operations in result["paths"].values():
        yield from operations.items()


def _complete_operation(verb: str, operation: Operation) -> None:
    _describe_file_answers(operation["responses"])
    operation["summary"] = operation.get("description", "").partition("\n")[0].rstrip(".")
    if verb != "get":  # a link reads
        operation["security"] = [way for way in operation["security"] if "access" not in way]
    named = {int(status) for status in operation["responses"] if status >= "400"}
    for status in sorted(named | _list_errors(verb, operation)):
        _add_error(operation["responses"], status)
    _describe_headers(operation)
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"].endswith("_id"):
            parameter["schema"] = {"type": "string", "format": "uuid"}


def _describe_file_answers(responses: dict[str, Any]) -> None:
    """A file can be asked for in part, or only if it changed."""
    if gives_files(responses):
        content = responses["200"]["content"]
        responses["206"] = {"description": "The part that was asked for.", "content": content, "headers": PART_OF_FILE}
        responses["304"] = {"description": "It has not changed."}


def gives_files(responses: dict[str, Any]) -> bool:
    content = responses.get("200", {}).get("content", {})
    return bool(content) and not {"application/json", "text/plain", "text/event-stream"} & content.keys()


def _list_errors(verb: str, operation: Operation) -> set[int]:
    errors = set(EVERYWHERE)
    if any(operation.get("security", [])):
        errors.update(OF_ACCOUNTS)
    in_path = any(parameter["in"] == "path" for parameter in operation.get("parameters", []))
    if in_path or verb == "post":
        errors.add(404)
    if verb in BODY_VERBS:
        errors.update(OF_BODIES)
    if gives_files(operation["responses"]):
        errors.update(OF_FILES)
    return errors


def _add_error(responses: dict[str, Any], status: int) -> None:
    """Unless the call gives its own shape with that status."""
    content = responses.get(str(status), {}).get("content", {}).get("application/json", {})
    if "$ref" not in content.get("schema", {}):
        responses[str(status)] = refer_to(status)


def _describe_headers(operation: Operation) -> None:
    """Who the request was, and what is left to a caller whose calls are counted: docs/limits.md."""
    is_counted = any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", []))
    for status, response in operation["responses"].items():
        if "$ref" in response:
            continue
        own = OWN_HEADERS.get(operation["operationId"], {}) if status < "300" else {}
        limits = LIMIT_HEADERS if is_counted and status < "400" else {}
        response["headers"] = {**REQUEST_ID, **response.get("headers", {}), **own, **limits}


def _close_bodies(result: dict[str, Any]) -> None:
    """A field that a call does not know is refused; the document says so."""
    schemas = result["components"]["schemas"]
    for _, operation in list_operations(result):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            _close(media["schema"], schemas)


def _close(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    if "$ref" in schema:
        _close(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    elif schema.get("type") == "array":
        _close(schema["items"], schemas)
    elif "properties" in schema:
        schema["additionalProperties"] = False
        for each in schema["properties"].values():
            _close(each, schemas)


def _drop_traces(part: Any) -> None:
    """What the generator notes for itself."""
    if isinstance(part, dict):
        part.pop("x-spec-enum-id", None)
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            _drop_traces(each)
