"""What can go wrong at the door? One error class and the one list of its codes. Pure Python.

What goes wrong inside a generation is ``EngineError`` and ends in ``generation.error``.
"""

from __future__ import annotations

from typing import Any

# Every error_code of the wire contract, with its HTTP status.
STATUS_OF_CODE: dict[str, int] = {
    **dict.fromkeys(
        (
            "unsupported_file_type", "corrupt_image", "empty_file", "animated_image", "image_too_small",
            "image_dimensions_exceeded", "invalid_filename", "no_files", "too_many_files", "too_many_fields",
            "incomplete_upload", "invalid_parameter", "unknown_parameter", "invalid_id", "invalid_idempotency_key",
            "malformed_json", "malformed_multipart", "bad_request", "url_not_allowed",
        ),
        400,
    ),
    **dict.fromkeys(
        ("not_authenticated", "invalid_api_key", "webhook_signature_invalid", "webhook_timestamp_out_of_range"), 401
    ),
    **dict.fromkeys(
        ("permission_denied", "insufficient_scope", "csrf_failed", "budget_exceeded", "storage_quota_exceeded"), 403
    ),
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    **dict.fromkeys(
        (
            "job_finished", "job_active", "generation_not_finished", "generation_failed", "idempotency_key_reused",
            "idempotency_in_progress", "webhook_mismatch", "too_many_keys",
        ),
        409,
    ),
    "file_expired": 410,
    "length_required": 411,
    "file_too_large": 413,
    "request_too_large": 413,
    "unsupported_media_type": 415,
    "unsupported_content_encoding": 415,
    "range_not_satisfiable": 416,
    **dict.fromkeys(("rate_limited", "too_many_active_generations", "too_many_streams", "too_many_messages"), 429),
    "internal_server_error": 500,
    **dict.fromkeys(
        (
            "database_unavailable", "storage_full", "queue_full", "upload_capacity", "stream_capacity",
            "file_unavailable", "webhook_keys_unavailable",
        ),
        503,
    ),
}  # fmt: skip


class JobError(Exception):
    """A request cannot be met; says why and what to do next.

    ``code`` is one of ``STATUS_OF_CODE``; ``retry_after`` (seconds) goes with 429 and 503.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        details: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details or {}
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        return STATUS_OF_CODE[self.code]
