"""What do a call and its answer look like? Examples made from the schemas, with values that mean something."""

from __future__ import annotations

from typing import Any

SHA256 = "9b2c1e0d8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c"
JOB, TASK = "7f9c24e8-3b0f-4d5a-9a0e-5c2f8d1b6e01", "2b1f7c55-6a42-4e0b-8d63-0f4a9e7c1d02"
GENERATION, PICTURE = "c8a5d3f1-9e27-4b6c-a1d4-7e3f0b2c5a03", "5d0e8b9a-1c34-4f7e-b2a6-8c9d4e5f6a04"
HOST = "https://models.example.org"
JOB_URL = f"{HOST}/api/v1/jobs/{JOB}"

# By the name of the field, wherever it stands.
VALUES: dict[str, Any] = {
    "job_id": JOB, "batch_id": JOB, "task_id": TASK,
    "generation_id": GENERATION, "file_id": PICTURE, "images": [PICTURE],
    "filename": "chair.glb", "name": "Chairs", "message": "All done.", "hint": "Try again.",
    "url": f"{HOST}/api/v1/download/{JOB}/chair.glb", "model_url": f"{HOST}/api/v1/download/{JOB}/chair.glb",
    "thumbnail_url": f"{HOST}/api/v1/images/{PICTURE}/thumbnail",
    "preview_url": f"{HOST}/api/v1/download/{JOB}/chair.preview.webp",
    "self": JOB_URL, "stream": f"{JOB_URL}/events", "cancel": f"{JOB_URL}/cancel", "page": f"{HOST}/jobs/{JOB}/",
    "download": f"{JOB_URL}/download.zip", "download_urls": [f"{HOST}/api/v1/download/{JOB}/chair.glb"],
    "status": "completed", "stage": "done", "progress": 100, "overall_progress": 100, "attempt": 1,
    "engine": "local", "format": "glb", "formats": ["stl"], "supported_formats": ["glb", "stl"], "role": "model",
    "size": 482_316, "file_size": 114_705, "width": 512, "height": 512, "sha256": SHA256,
    "faces": 20_000, "vertices": 10_002, "watertight": True, "face_limit": 20_000, "texture": "standard", "seed": 7,
    "min": [-0.5, 0.0, -0.3], "max": [0.5, 1.0, 0.3], "content_type": "image/png", "mime_type": "model/gltf-binary",
    "total": 1, "completed": 1, "total_files": 1, "completed_files": 1, "successful_files": 1, "current": 1,
    "queued": 0, "processing": 0, "failed": 0, "cancelled": 0, "failed_files": 0, "count": 1,
    "currency": "USD", "amount": "0.30", "estimated": "0.30", "actual": "0.30", "held": "0.00", "price": "0.30",
    "per_generation": "0.30", "limit": "50.00", "spent": "12.60", "remaining": "37.40", "seconds": 95,
    "estimated_time": 95, "typical_seconds": 120, "options": {}, "warnings": [], "errors": [], "failed_parts": [],
    "created_at": "2026-11-22T12:00:00Z", "started_at": "2026-11-22T12:00:01Z", "finished_at": "2026-11-22T12:01:36Z",
    "created_time": "2026-11-22T12:01:36Z", "timestamp": 1_795_348_896_000, "resets_at": "2026-12-01T00:00:00Z",
    "from": "2026-11-01", "to": "2026-11-22", "day": "2026-11-22", "date": "2026-11-22",
    "email": "you@example.org",
    "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "types": ["job.completed", "job.failed"],  # nosec B105
    "type": "job.completed", "event_id": "evt_2d4f6a8c0e1b3d5f", "tries": 1, "response_status": 200,
    "prefix": "i2m_4kQz9w", "key": "i2m_4kQz9wXr…", "scopes": ["read", "write"], "views": "front,left,back",
    "service": "image2model", "version": "0.1.0", "workers": 4, "provider": "fal", "fallback": "none",

    "Idempotency-Key": "chairs-of-november", "Prefer": "wait=30", "hours": 720, "directory": "uploads",
    "search": "chair", "cursor": None, "created_after": "2026-11-01T00:00:00Z",

    "model_type": "local", "quality": "high", "longest_edge_mm": 120, "active": True, "file": None, "files": None,
}  # fmt: skip
# Where a name means something else: by schema or operation, and name.
OWN_VALUES: dict[tuple[str, str], Any] = {
    ("EngineName", "id"): "local", ("EngineName", "name"): "Local relief", ("Engine", "id"): "tripo-v2.5",
    ("Engine", "name"): "Tripo v2.5", ("Engine", "type"): "image_to_3d", ("FrontImage", "filename"): "chair.png",
    ("Image", "filename"): "chair.png", ("StoredImage", "filename"): "chair.png",
    ("StoredImage", "status"): "uploaded",
    ("UploadedFile", "filename"): "chair.png", ("UploadedFile", "status"): "uploaded", ("Upload", "status"): "queued",
    ("Upload", "message"): "1 image accepted.", ("Generate", "status"): "queued",
    ("FileProgress", "filename"): "chair.png",
    ("Job", "id"): JOB, ("Generation", "id"): GENERATION, ("NewKey", "name"): "pipeline", ("Key", "name"): "pipeline",
    ("ShownKey", "name"): "pipeline", ("Webhook", "url"): "https://hooks.example.org/models",
    ("NewWebhook", "url"): "https://hooks.example.org/models", ("ShownWebhook", "url"): "https://hooks.example.org/models",
    ("ChangedWebhook", "url"): "https://hooks.example.org/models", ("Delivery", "url"): "https://hooks.example.org/models",
    ("Delivery", "status"): "delivered", ("NewItem", "views"): {"front": PICTURE}, ("NewJob", "views"): None,
    ("NewJob", "items"): None, ("Health", "status"): "healthy", ("Liveness", "status"): "alive",
    ("Readiness", "status"): "ready", ("FileList", "limit"): 100, ("StoredFile", "filename"): f"{PICTURE}.png",
    ("list_jobs", "limit"): 25, ("list_jobs", "status"): "queued,processing", ("list_files", "limit"): 100,
    ("list_deliveries", "limit"): 25, ("list_webhook_deliveries", "limit"): 25, ("analyze_logs", "hours_back"): 24,
    ("Latency", "max"): 840.0, ("ErrorCount", "message"): "Generation … failed.", ("Progress", "status"): "processing",
    ("download_file", "filename"): "chair.glb", ("NewJob", "options"): {"mode": "inflate"},
    ("EstimateRequest", "options"): {"face_limit": 20_000},
}  # fmt: skip
FRAME = {"id": "7", "event": "task_progress", "data": '{"status": "processing", "progress": 40, "message": "Working."}'}
METRICS = "# TYPE rq_queue_depth gauge\nrq_queue_depth{queue=\"local\"} 0.0\n"  # fmt: skip
BY_FORMAT = {
    "uuid": "0c6e2f84-5d3b-4a19-8f70-1e2d3c4b5a05",
    "date-time": "2026-11-22T12:00:00Z",
    "date": "2026-11-22",
    "uri": f"{HOST}/",
    "email": "you@example.org",
}
Schemas = dict[str, Any]
ABSENT = object()


def add_examples(result: dict[str, Any]) -> None:
    schemas: Schemas = result["components"]["schemas"]
    for operations in result["paths"].values():
        for operation in operations.values():
            _add_to_parameters(operation)
            if body := operation.get("requestBody"):
                _add_to_content(body["content"], schemas)
            for response in operation["responses"].values():
                _add_to_content(response.get("content", {}), schemas)


def _add_to_parameters(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        known = OWN_VALUES.get((operation["operationId"], parameter["name"]), VALUES.get(parameter["name"]))
        if known is None and "enum" not in parameter["schema"]:
            known = BY_FORMAT.get(parameter["schema"].get("format", ""))
        if known is not None:
            parameter.setdefault("example", known)


def _add_to_content(content: dict[str, Any], schemas: Schemas) -> None:
    """Forms hold files, of which no example can be given here: docs/api.md sends one."""
    for kind, media in content.items():
        if kind == "application/json":
            media["example"] = build(media["schema"], schemas)
        elif kind == "text/event-stream":
            media["example"] = FRAME
        elif kind == "text/plain":
            media["example"] = METRICS


def build(schema: dict[str, Any], schemas: Schemas, *, name: str = "", within: str = "") -> Any:
    """A value of this schema, the field ``name`` of the schema ``within``."""
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return None if schema.get("nullable") else build(schema["allOf"][0], schemas, name=name, within=within)
    if "$ref" in schema:
        within = schema["$ref"].rpartition("/")[2]
        return build(schemas[within], schemas, within=within)
    known = OWN_VALUES.get((within, name), VALUES.get(name, ABSENT))
    if known is not ABSENT and fits(known, schema):
        return known
    if schema.get("nullable"):
        return None
    return _build_new(schema, schemas, within=within)


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Is it of the right kind? A list of objects is better built than known."""
    if value is None:
        return bool(schema.get("nullable"))
    if "enum" in schema:
        return value in schema["enum"]
    if schema.get("type") == "array" and value and "$ref" in schema.get("items", {}):
        return False
    kinds: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list}
    kind = kinds.get(schema.get("type", ""), dict)
    if schema.get("format") == "date-time" and "T" not in str(value):
        return False
    return isinstance(value, kind) and (isinstance(value, bool) == (kind is bool))


def _build_new(schema: dict[str, Any], schemas: Schemas, *, within: str) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if "properties" in schema:
        return _build_object(schema, schemas, within=within)
    if schema.get("type") == "array":
        return [build(schema["items"], schemas, within=within)]
    if isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
        return {GENERATION: build(schema["additionalProperties"], schemas, within=within)}
    if schema.get("type") == "string":
        return BY_FORMAT.get(schema.get("format", ""), "…")
    simple = {"integer": schema.get("minimum", 0), "number": schema.get("minimum", 0.0), "boolean": True}
    return simple.get(schema.get("type", ""), {})


def _build_object(schema: dict[str, Any], schemas: Schemas, *, within: str) -> dict[str, Any]:
    """Everything that is always there, and of the rest what has a value of its own."""
    built = {}
    for name, each in schema["properties"].items():
        if name in schema.get("required", ()) or OWN_VALUES.get((within, name), VALUES.get(name)) is not None:
            built[name] = build(each, schemas, name=name, within=within)
    return built
