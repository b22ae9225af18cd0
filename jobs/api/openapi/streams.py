"""How are event streams documented? They are no views of Django's: contract section 5."""

from __future__ import annotations

from typing import Any

from jobs.states import Stage, Status, WaitingReason

EVENTS = (
    "task_queued", "task_progress", "task_retry", "task_completed", "task_failed", "task_cancelled",
    "connection_timeout", "error",
)  # fmt: skip
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
SINCE = "The `id` of the last frame that was seen."
PARAMETERS: list[dict[str, Any]] = [
    {"in": "header", "name": "Last-Event-ID", "schema": TEXT, "example": "7",
     "description": f"{SINCE} A browser sends it by itself; what is no number is ignored."},
    {"in": "query", "name": "last_event_id", "schema": {"type": "integer", "minimum": 0}, "example": 7,
     "description": f"{SINCE} For callers that cannot set headers."},
    {"in": "query", "name": "timeout", "schema": {"type": "integer", "minimum": 1, "maximum": 86_400}, "example": 60,
     "description": "Seconds after which the stream ends with `connection_timeout`."},
]  # fmt: skip


def describe_streams() -> dict[str, Any]:
    return {
        "/api/v1/events": _describe_stream("stream_jobs", "Live progress of all my jobs."),
        "/api/v1/jobs/{job_id}/events": _describe_stream(
            "stream_job", "Live progress of a job, and nothing after its end.", name="job_id", by_link=True
        ),
        "/api/v1/status/tasks/{task_id}/stream": _describe_stream(
            "stream_task", "Live progress of a job, by its task id.", name="task_id"
        ),
    }


def _describe_stream(operation_id: str, words: str, *, name: str = "", by_link: bool = False) -> dict[str, Any]:
    place = [{"in": "path", "name": name, "required": True, "schema": TEXT}] if name else []
    frame = {"schema": {"$ref": "#/components/schemas/Frame"}}
    responses: dict[str, Any] = {
        "200": {"description": "Frames, the present state first.", "content": {"text/event-stream": frame}},
    }
    if name:
        responses["204"] = {"description": "The job was over at that frame: nothing more will come."}
    ways = ("apiKey", "session", "access") if by_link else ("apiKey", "session")
    security: list[dict[str, list[str]]] = [{way: []} for way in ways]
    parameters = [*place, *(dict(parameter) for parameter in PARAMETERS)]
    return {"get": {"operationId": operation_id, "description": words, "tags": ["streams"], "parameters": parameters,
                    "security": security, "responses": responses}}  # fmt: skip


def describe_frames() -> dict[str, Any]:
    """The schemas of what a stream sends."""
    return {"Frame": _describe_frame(), "Progress": _describe_progress()}


def _describe_frame() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "One frame of a stream, as its lines `id:`, `event:` and `data:` say. Comments keep it open.",
        "properties": {
            "id": {"type": "string", "description": "Grows; for Last-Event-ID."},
            "event": {"type": "string", "enum": list(EVENTS)},
            "data": {"type": "string", "description": "JSON: see Progress."},
            "retry": {"type": "integer", "description": "Milliseconds until a browser connects anew."},
        },
    }


def _describe_progress() -> dict[str, Any]:
    counts = dict.fromkeys(("total", "queued", "processing", "completed", "failed", "cancelled"), NUMBER)
    summary = dict.fromkeys(("total_files", "successful_files", "failed_files"), NUMBER)
    return _describe_object(
        "The `data` of a frame, also in messages of `/ws/jobs/{job_id}/` and `/ws/jobs/`.",
        {
            "status": {"type": "string", "enum": list(Status)},
            "progress": {"type": "integer", "minimum": 0, "maximum": 100},
            "message": TEXT,
            "task_id": TEXT | {"format": "uuid"},
            "job_id": TEXT | {"format": "uuid"},
            "total_files": NUMBER,
            "total": NUMBER,
            "current": NUMBER,
            "counts": _describe_object("", counts),
            "eta_seconds": NUMBER | {"nullable": True},
            "cost": _describe_object("USD.", dict.fromkeys(("estimated", "actual"), TEXT | {"nullable": True})),
            "timestamp": NUMBER | {"description": "Milliseconds since 1970."},
            "generations": {"type": "array", "items": _describe_generation()},
        },
        summary=_describe_object("In the terminal frame alone.", summary),
    )


def _describe_generation() -> dict[str, Any]:
    return _describe_object(
        "",
        {
            "id": TEXT | {"format": "uuid"},
            "filename": TEXT,
            "status": {"type": "string", "enum": list(Status)},
            "stage": {"type": "string", "enum": list(Stage)},
            "progress": {"type": "integer", "minimum": 0, "maximum": 100},
            "queue_position": NUMBER | {"nullable": True},
            "eta_seconds": NUMBER | {"nullable": True},
            "message": TEXT,
            "hint": TEXT,
            "may_switch": {"type": "boolean", "description": "The local engine may take it over."},
            "waiting_reason": {"type": "string", "enum": [*WaitingReason, None], "nullable": True},
            "error": {"allOf": [{"$ref": "#/components/schemas/Problem"}], "nullable": True},
        },
    )


def _describe_object(words: str, properties: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """``properties`` are always there, ``optional`` ones sometimes."""
    told = {"description": words} if words else {}
    return {"type": "object", **told, "properties": {**properties, **optional}, "required": list(properties)}
