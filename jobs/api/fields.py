"""What does a caller ask for? Form fields and JSON, read into the words of the services."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.http import QueryDict
from rest_framework.request import Request

from image2model.rest import check_fields
from jobs.errors import JobError
from jobs.services import Wishes

COMMON = ("face_limit", "texture", "seed")
WISHES = frozenset({"engine", *COMMON, "formats", "options", "fallback", "name", "webhook_url"})
LISTS = frozenset({"formats", "views"})  # a form may repeat these
FALLBACKS = ("none", "local")
MAX_NAME, MAX_URL, MAX_KEY = 200, 500, 255


def read_form(form: QueryDict, *, allowed: frozenset[str]) -> dict[str, Any]:
    """The fields of a form, each once; an empty one was not filled in."""
    check_fields(form, allowed=allowed)
    fields = {}
    for name, values in form.lists():
        if len(values) > 1 and name not in LISTS:
            raise refuse(name, f"{name} must be given once.")
        fields[name] = ",".join(values)
    return {name: value for name, value in fields.items() if value != ""}


def read_wishes(fields: Mapping[str, Any]) -> Wishes:
    return Wishes(
        engine=read_text(fields, "engine", limit=60),
        options=read_options(fields),
        formats=read_list(fields, "formats"),
        fallback=_read_fallback(fields),
        name=read_text(fields, "name", limit=MAX_NAME),
        webhook_url=_read_url(fields),
    )


def read_options(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The common fields and the engine's own options together; the catalog checks them."""
    own = fields.get("options")
    if isinstance(own, str):
        try:
            own = json.loads(own)
        except (ValueError, RecursionError):
            raise refuse("options", "options must be a JSON object.") from None
    if own is not None and not isinstance(own, dict):
        raise refuse("options", "options must be a JSON object.")
    common = {name: fields[name] for name in COMMON if fields.get(name) is not None}
    if twice := sorted(set(common) & set(own or {})):
        raise refuse(twice[0], f"{twice[0]} is given twice, as a field and in options.")
    return {**(own or {}), **common}


def read_list(fields: Mapping[str, Any], name: str) -> list[str]:
    """``a,b`` or ``["a", "b"]``."""
    value = fields.get(name)
    if value is None:
        return []
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise refuse(name, f"{name} must be a list of words.")
    return [item.strip() for item in items if item.strip()]


def read_text(fields: Mapping[str, Any], name: str, *, limit: int) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise refuse(name, f"{name} must be a text of at most {limit} characters.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise refuse(name, f"{name} must not hold control characters.")
    return value.strip()


def read_whole_number(value: Any, name: str, *, minimum: int, maximum: int, default: int) -> int:
    if value is None:
        return default
    digits = str(value)
    number = int(digits) if re.fullmatch(r"[0-9]{1,9}", digits) else -1
    if not minimum <= number <= maximum:
        raise refuse(name, f"{name} must be a whole number from {minimum} to {maximum:,}.")
    return number


def _read_fallback(fields: Mapping[str, Any]) -> str:
    value = read_text(fields, "fallback", limit=20)
    if value and value not in FALLBACKS:
        raise refuse("fallback", f"fallback must be one of {', '.join(FALLBACKS)}.")
    return value


def _read_url(fields: Mapping[str, Any]) -> str:
    value = read_text(fields, "webhook_url", limit=MAX_URL)
    try:
        parts = urlsplit(value)
    except ValueError:
        raise refuse("webhook_url", "webhook_url must be a URL.") from None
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise refuse("webhook_url", "webhook_url must begin with https://.")
    return value


def read_idempotency_key(request: Request) -> str:
    """The header ``Idempotency-Key``; empty when there is none."""
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return ""
    if not 0 < len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise JobError("invalid_idempotency_key", f"Idempotency-Key must be 1 to {MAX_KEY} printable ASCII characters.")
    return str(key)


def refuse(name: str, message: str, *, hint: str = "") -> JobError:
    return JobError("invalid_parameter", message, hint=hint, details={"parameter": name})
