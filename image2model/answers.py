"""What does an error look like to a caller of the API? The one envelope of the wire contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from image2model.middleware import request_id_var


def build_error(
    code: str, message: str, status: int, *, hint: str = "", details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """``hint`` and ``details`` appear only when there is something to say."""
    envelope: dict[str, Any] = {
        "error": True,
        "error_code": code,
        "message": message,
        "status_code": int(status),
        "request_id": request_id_var.get() or uuid4().hex,
    }
    if hint:
        envelope["hint"] = hint
    if details:
        envelope["details"] = dict(details)
    return envelope
