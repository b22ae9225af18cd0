"""What does an API key look like? ``i2m_<prefix>_<secret><checksum>``: made, checked and hashed without a database.

The checksum lets a mistyped or invented key be refused before any query, and leak scanners be sure of a find.
"""

from __future__ import annotations

import re
import secrets
import string
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

ALPHABET = string.digits + string.ascii_letters
PREFIX_LENGTH = 8
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6  # 62 ** 6 is more than 2 ** 32
SHAPE = re.compile(
    rf"i2m_([0-9A-Za-z]{{{PREFIX_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH}}})([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})"
)
SALT = "accounts.ApiKey"


@dataclass(frozen=True, kw_only=True)
class Token:
    """A well-formed key: ``prefix`` finds the row, ``raw`` proves it."""

    prefix: str
    raw: str

    def __repr__(self) -> str:  # the key itself must not reach a log
        return f"Token(prefix={self.prefix!r})"


def make_token() -> Token:
    prefix, secret = _draw(PREFIX_LENGTH), _draw(SECRET_LENGTH)
    return Token(prefix=prefix, raw=f"i2m_{prefix}_{secret}{compute_checksum(prefix + secret)}")


def parse_token(raw: str) -> Token | None:
    """None for anything that we never made."""
    match = SHAPE.fullmatch(raw)
    if match is None:
        return None
    prefix, secret, checksum = match.groups()
    return Token(prefix=prefix, raw=raw) if compute_checksum(prefix + secret) == checksum else None


def hash_token(token: Token, *, pepper: str | None = None) -> str:
    return salted_hmac(SALT, token.raw, secret=pepper or find_pepper(), algorithm="sha256").hexdigest()


def find_pepper() -> str:
    """What makes a stolen table of hashes useless. Without one of its own, the SECRET_KEY."""
    return settings.API_KEY_PEPPER or settings.SECRET_KEY


def find_matching_pepper(token: Token, stored_hash: str) -> str | None:
    """The pepper, present or former, under which the hash was made."""
    for pepper in _list_peppers():
        if constant_time_compare(hash_token(token, pepper=pepper), stored_hash):
            return pepper
    return None


def compute_checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode("ascii")), ""
    for _ in range(CHECKSUM_LENGTH):
        number, rest = divmod(number, len(ALPHABET))
        digits = ALPHABET[rest] + digits
    return digits


def _draw(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _list_peppers() -> Iterator[str]:
    """Keys that were made before there was a pepper are hashed under a SECRET_KEY."""
    yield find_pepper()
    yield from settings.API_KEY_PEPPER_FALLBACKS
    yield settings.SECRET_KEY
    yield from settings.SECRET_KEY_FALLBACKS
