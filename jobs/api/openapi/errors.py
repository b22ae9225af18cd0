"""Which errors does the API answer, and what does each code mean? For the OpenAPI document and ``docs/errors.md``."""

from __future__ import annotations

from typing import Any

from jobs.errors import STATUS_OF_CODE

# One sentence for each code of STATUS_OF_CODE, in the same order.
MEANINGS: dict[str, str] = {
    "unsupported_file_type": "A file is neither JPEG nor PNG nor WebP, whatever its name says.",
    "corrupt_image": "A picture cannot be decoded to its end.",
    "empty_file": "A file has no bytes.",
    "animated_image": "A picture has several frames.",
    "image_too_small": "A side is shorter than 32 pixels.",
    "image_dimensions_exceeded": "A side is longer than 16,384 pixels, or there are more than 50 megapixels.",
    "invalid_filename": "A file name cannot be kept.",
    "no_files": "No file was sent.",
    "too_many_files": "There are too many files for one job.",
    "too_many_fields": "A form has too many fields.",
    "incomplete_upload": "The connection ended before the body did.",
    "invalid_parameter": "A value cannot be used, or there is no such query parameter.",
    "unknown_parameter": "There is no such field here, or the engine has no such option.",
    "invalid_id": "An id is no UUID.",
    "invalid_idempotency_key": "Idempotency-Key has not 1 to 255 printable ASCII characters.",
    "malformed_json": "The body is no JSON object in UTF-8.",
    "malformed_multipart": "The form cannot be read.",
    "bad_request": "The request cannot be understood, or asks for what cannot be done.",
    "url_not_allowed": "A webhook may not go to this address.",
    "not_authenticated": "Credentials are missing.",
    "invalid_api_key": "The API key is wrong, expired or revoked.",
    "webhook_signature_invalid": "A webhook is not signed by the provider.",
    "webhook_timestamp_out_of_range": "A webhook is too old, or from the future.",
    "permission_denied": "The caller may not do this.",
    "insufficient_scope": "The API key lacks a scope.",
    "csrf_failed": "A page's CSRF token is missing or wrong.",
    "budget_exceeded": "The work does not fit into a budget of this month.",
    "storage_quota_exceeded": "The caller's storage is used up.",
    "not_found": "It is not there, or not the caller's.",
    "method_not_allowed": "The address does not know this method; Allow names those it knows.",
    "not_acceptable": "Answers are JSON, which Accept rules out.",
    "job_finished": "The job or generation is over: nothing is left to cancel.",
    "job_active": "The job or generation runs: nothing is left to retry.",
    "generation_not_finished": "The file will be there when the generation is over.",
    "generation_failed": "The file will never be there: the generation failed.",
    "idempotency_key_reused": "The Idempotency-Key was used with another request.",
    "idempotency_in_progress": "Reserved: of two requests with one key at once, the second waits for the first.",
    "webhook_mismatch": "A webhook names another request than its token.",
    "too_many_keys": "The caller has as many API keys as one may have.",
    "file_expired": "The file was there; its job was removed because it was too old.",
    "length_required": "The body has no Content-Length.",
    "file_too_large": "A file is too large; details.limit_bytes tells the limit.",
    "request_too_large": "The body is too large.",
    "unsupported_media_type": "The call does not take this content type.",
    "unsupported_content_encoding": "Bodies are taken as they are, not compressed.",
    "range_not_satisfiable": "The file has no such bytes; Content-Range tells its size.",
    "rate_limited": "Too many requests.",
    "too_many_active_generations": "Too many generations of the caller wait or run.",
    "too_many_streams": "Too many streams of the caller are open.",
    "too_many_messages": "Too many messages came over a websocket: an error frame, then close code 4429.",
    "internal_server_error": "Our fault. It has been logged under the request id.",
    "database_unavailable": "The database cannot be reached.",
    "storage_full": "There is no room left to store anything.",
    "queue_full": "Too many generations of all callers wait.",
    "upload_capacity": "Too many uploads are being read.",
    "stream_capacity": "Too many streams of all callers are open.",
    "file_unavailable": "The file cannot be read at the moment.",
    "webhook_keys_unavailable": "The provider's keys for checking a webhook cannot be fetched.",
}
NAMES = {
    400: "BadRequest",
    401: "NotAuthenticated",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Gone",
    411: "LengthRequired",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    416: "RangeNotSatisfiable",
    429: "TooMany",
    500: "OurFault",
    503: "Unavailable",
}
WORDS = {
    400: "The request cannot be met as it is.",
    401: "Credentials are missing or wrong.",
    403: "The credentials do not allow this.",
    404: "It is not there, or not yours.",
    405: "Not with this method.",
    406: "Answers are JSON.",
    409: "The present state does not allow this.",
    410: "It was there, and is gone.",
    411: "Send a Content-Length.",
    413: "Too large.",
    415: "Not this content type.",
    416: "The file has no such bytes.",
    429: "Too much; come back after Retry-After.",
    500: "Our fault. It has been logged.",
    503: "Something that we need is down; come back after Retry-After.",
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}, "required": True}}
LIMIT_HEADERS = {
    "X-RateLimit-Limit": {"description": "How many may come in a period.", "schema": {"type": "integer"}},
    "X-RateLimit-Remaining": {"description": "How many of them are left.", "schema": {"type": "integer"}},
    "X-RateLimit-Reset": {
        "description": "When there will be one more, in seconds since 1970.",
        "schema": {"type": "integer"},
    },
}
REQUEST_ID = {"X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"}}
HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string", "enum": ["Bearer"]}, "required": True}},
    405: {"Allow": {"schema": {"type": "string"}, "required": True}},
    429: RETRY_AFTER | LIMIT_HEADERS,
    503: RETRY_AFTER,
}


def refer_to(status: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{NAMES[status]}"}


def describe_errors() -> dict[str, Any]:
    """The component of each status, with an example of each of its codes."""
    return {name: _describe(status) for status, name in NAMES.items()}


def _describe(status: int) -> dict[str, Any]:
    codes = [code for code, known in STATUS_OF_CODE.items() if known == status]
    media = {
        "schema": {"$ref": "#/components/schemas/Error"},
        "examples": {code: {"value": build_example(code)} for code in codes},
    }
    return {
        "description": f"{WORDS[status]} `error_code`: {', '.join(f'`{code}`' for code in codes)}.",
        "headers": REQUEST_ID | HEADERS.get(status, {}),
        "content": {"application/json": media},
    }


def build_example(code: str) -> dict[str, Any]:
    return {
        "error": True,
        "error_code": code,
        "message": MEANINGS[code],
        "status_code": STATUS_OF_CODE[code],
        "request_id": "6f1c2a0de7c14b0f9a51c1b7a4a3f0d2",
    }


def describe_envelope() -> dict[str, Any]:
    """Contract section 2."""
    words = {"type": "string"}
    return {
        "type": "object",
        "description": "What every error looks like.",
        "properties": {
            "error": {"type": "boolean", "enum": [True]},
            "error_code": {"type": "string", "enum": list(STATUS_OF_CODE), "description": "Stable; for programs."},
            "message": {"type": "string", "description": "For people."},
            "status_code": {"type": "integer", "description": "The status of the answer again."},
            "request_id": {"type": "string", "description": "As in X-Request-ID; also in the server's log."},
            "hint": {"type": "string", "description": "What to do now."},
            "details": {
                "type": "object",
                "description": "What the error is about: `parameter`, `files`, `limit_bytes`, …",
                "properties": {
                    "parameter": words,
                    "limit_bytes": {"type": "integer"},
                    "files": {"type": "array", "items": _describe_bad_file()},
                },
                "additionalProperties": True,
            },
        },
        "required": ["error", "error_code", "message", "status_code", "request_id"],
    }


def _describe_bad_file() -> dict[str, Any]:
    words = {"type": "string"}
    return {
        "type": "object",
        "description": "One bad file of an upload.",
        "properties": {"index": {"type": "integer"}, "filename": words, "code": words, "message": words},
        "required": ["index", "filename", "code", "message"],
    }
