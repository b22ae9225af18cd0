"""How is the API documented? What every call adds, and what the finished document gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema

Call = TypeVar("Call", bound=Callable[..., Any])
Endpoint = tuple[str, str, str, Any]

BODY_VERBS = frozenset({"post", "put", "patch"})
SHARED_ERRORS = {
    400: "The request cannot be met as it is.",
    405: "Not with this method.",
    406: "Answers are JSON.",
    429: "Too much; come back after Retry-After.",
    500: "Our fault. It has been logged.",
    503: "Something that we need is down; come back after Retry-After.",
}
ACCOUNT_ERRORS = {401: "Credentials are missing or wrong.", 403: "The credentials do not allow this."}
BODY_ERRORS = {
    409: "The present state does not allow this.",
    411: "Send a Content-Length.",
    413: "Too large.",
    415: "Not this content type.",
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
LIMIT_HEADERS = {
    "X-RateLimit-Limit": {"description": "How many may come in a period.", "schema": {"type": "integer"}},
    "X-RateLimit-Remaining": {"description": "How many of them are left.", "schema": {"type": "integer"}},
    "X-RateLimit-Reset": {
        "description": "When there will be one more, in seconds since 1970.",
        "schema": {"type": "integer"},
    },
}
ENVELOPE = {"$ref": "#/components/schemas/Error"}


def document(operation_id: str, **facts: Any) -> Callable[[Call], Call]:
    """``request``, ``responses`` and ``parameters`` of one call, as drf-spectacular takes them."""
    return cast("Callable[[Call], Call]", extend_schema(operation_id=operation_id, **facts))


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[misc]
    target_class = "accounts.auth.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key: i2m_…"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[misc]
    target_class = "accounts.auth.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "The portal's own pages."}


class AccessScheme(OpenApiAuthenticationExtension):  # type: ignore[misc]
    target_class = "jobs.api.views.base.AccessAuthentication"
    name = "access"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "query", "name": "access", "description": "A signed link to one job."}


def leave_out_slash_forms(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Before the document is made: each address once, without the slash at its end."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


def complete(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """After the document is made: the errors of every call, and ids as UUIDs."""
    result["components"]["schemas"]["Error"] = describe_envelope()
    result["paths"] = dict(sorted({**result["paths"], **describe_streams()}.items()))
    for verb, operation in _walk(result):
        _describe_file_answers(operation["responses"])
        operation["summary"] = operation.get("description", "").partition("\n")[0].rstrip(".")
        for status, words in _list_errors(verb, operation).items():
            content = {"application/json": {"schema": ENVELOPE}}
            operation["responses"].setdefault(str(status), {"description": words, "content": content})
        _describe_limits(operation)
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path" and parameter["name"].endswith("_id"):
                parameter["schema"] = {"type": "string", "format": "uuid"}
    return result


def _describe_file_answers(responses: dict[str, Any]) -> None:
    """A file can be asked for in part, or only if it changed."""
    content = responses.get("200", {}).get("content", {})
    if content and not {"application/json", "text/plain"} & content.keys():
        responses["206"] = {"description": "The part that was asked for.", "content": content}
        responses["304"] = {"description": "It has not changed."}


def _describe_limits(operation: dict[str, Any]) -> None:
    """When to come back, and what is left to a caller whose calls are counted: docs/limits.md."""
    is_counted = any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", []))
    for status, response in operation["responses"].items():
        headers = LIMIT_HEADERS if status == "429" or (is_counted and status < "400") else {}
        headers = headers | (RETRY_AFTER if status in ("429", "503") else {})
        if headers:
            response["headers"] = {**response.get("headers", {}), **headers}


def _walk(result: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in result["paths"].values():
        yield from operations.items()


def _list_errors(verb: str, operation: dict[str, Any]) -> dict[int, str]:
    errors = dict(SHARED_ERRORS)
    if any(operation.get("security", [])):
        errors |= ACCOUNT_ERRORS
    in_path = any(parameter["in"] == "path" for parameter in operation.get("parameters", []))
    if in_path or verb == "post":
        errors |= {404: "It is not there, or not yours."}
    if verb in BODY_VERBS:
        errors |= BODY_ERRORS
    if in_path and verb == "get":
        errors |= {409: "It has no file yet, or never will.", 416: "The file has no such bytes."}
    return errors


def describe_envelope() -> dict[str, Any]:
    """Contract section 2."""
    words, number = {"type": "string"}, {"type": "integer"}
    return {
        "type": "object",
        "properties": {
            "error": {"type": "boolean", "enum": [True]},
            "error_code": words,
            "message": words,
            "status_code": number,
            "request_id": words,
            "hint": words,
            "details": {"type": "object", "additionalProperties": True},
        },
        "required": ["error", "error_code", "message", "status_code", "request_id"],
    }


def describe_streams() -> dict[str, Any]:
    """Event streams are no views of Django's: contract section 5."""
    return {
        "/api/v1/events": _describe_stream("stream_jobs", "Live progress of all my jobs."),
        "/api/v1/jobs/{job_id}/events": _describe_stream("stream_job", "Live progress of a job.", name="job_id"),
        "/api/v1/status/tasks/{task_id}/stream": _describe_stream(
            "stream_task", "Live progress of a job, by its task id.", name="task_id"
        ),
    }


def _describe_stream(operation_id: str, words: str, *, name: str = "") -> dict[str, Any]:
    parameters = [
        _describe_parameter("Last-Event-ID", "header", "integer", "The last frame that was seen."),
        _describe_parameter("last_event_id", "query", "integer", "The same for callers that cannot set headers."),
        _describe_parameter("timeout", "query", "integer", "Seconds, 1–86400, after which the stream ends."),
        _describe_parameter("access", "query", "string", "A signed link to one job."),
    ]
    if name:
        parameters.insert(0, _describe_parameter(name, "path", "string", "") | {"required": True})
    stream = {"text/event-stream": {"schema": {"type": "string"}}}
    responses = {
        "200": {"description": "Frames, the present state first.", "content": stream},
        "204": {"description": "The job was over at that frame: nothing more will come."},
    }
    security: list[dict[str, list[str]]] = [{"apiKey": []}, {"session": []}, {"access": []}]
    return {"get": {"operationId": operation_id, "description": words, "tags": ["streams"], "parameters": parameters,
                    "security": security, "responses": responses}}  # fmt: skip


def _describe_parameter(name: str, place: str, kind: str, words: str) -> dict[str, Any]:
    return {"in": place, "name": name, "description": words, "schema": {"type": kind}}
