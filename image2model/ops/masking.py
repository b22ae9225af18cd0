"""What must never stand in a log? Keys, tokens and passwords, wherever they come from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

MASK = "***"
SECRET_PARAMETERS = ("key", "secret", "password")
SHORTEST = 8  # a shorter secret of the settings is a common word: masking it would garble the log

PATTERNS = (
    (re.compile(r"\bi2m_[A-Za-z0-9_]+"), f"i2m_{MASK}"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]+"), f"whsec_{MASK}"),
    (re.compile(r"(?i)\b(authorization['\"]?\s*[:=]\s*['\"]?(?:b')?)(?:[a-z]+ +)?[^\s'\",}]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic|key) +[A-Za-z0-9._~+/:=-]{8,}"), rf"\1 {MASK}"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{32}\b"), MASK),  # a key of FAL's
    (re.compile(r"([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/@]+@"), rf"\1:{MASK}@"),  # password in a URL
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), MASK),  # an e-mail address names a person
    (re.compile(r"(?i)([?&;](?:access|token|key|secret|password|signature|x-amz-[a-z-]+)=)[^&\s'\"]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b((?:session|csrf)[a-z]*['\"]?\s*[:=]\s*['\"]?)[A-Za-z0-9]{16,}"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(pass(?:word|wd)['\"]?\s*[:=]\s*['\"]?)[^\s'\",}]+"), rf"\1{MASK}"),
)


def list_secrets(values: Iterable[str]) -> list[str]:
    """What is secret in these settings: all of a key, of a URL its password and the values of its query."""
    return [secret for value in values for secret in _split_secret(value) if secret]


def _split_secret(value: str) -> list[str]:
    if "://" not in value:
        return [value]
    parts = urlsplit(value)
    password = parts.password or ""
    return [password, unquote(password), *(text for name, text in parse_qsl(parts.query) if name in SECRET_PARAMETERS)]


class Masker:
    """Replaces what looks like a secret, and every secret that the settings hold."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for pattern, replacement in PATTERNS:
            text = pattern.sub(replacement, text)
        return text
