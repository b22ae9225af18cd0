"""How are secrets kept that we must read again? Sealed under the site's key, opened under former ones too."""

from __future__ import annotations

import base64
import hashlib
import logging
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

logger = logging.getLogger(__name__)

MARK = "sealed:"
PURPOSE = b"image2model.sealing"  # a key for this alone, whatever else SECRET_KEY signs


def seal(text: str) -> str:
    return MARK + _find_seals().encrypt(text.encode()).decode()


def unseal(stored: str) -> str:
    """The text; as it is when it was never sealed; empty when no key of ours opens it."""
    if not stored.startswith(MARK):
        return stored
    try:
        return _find_seals().decrypt(stored.removeprefix(MARK)).decode()
    except InvalidToken:
        logger.error("A sealed secret cannot be opened: is its SECRET_KEY missing in SECRET_KEY_FALLBACKS?")
        return ""


def is_fresh(stored: str) -> bool:
    """Is it sealed under the present key, so that no former one is needed for it?"""
    try:
        _make_seal(settings.SECRET_KEY).decrypt(stored.removeprefix(MARK))
    except InvalidToken:
        return False
    return stored.startswith(MARK)


class SealedField(models.TextField):  # type: ignore[type-arg]
    """A text that lies in the database sealed. It cannot be searched for."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return value if value is None else unseal(value)

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return seal(text) if text else text


def _find_seals() -> MultiFernet:
    return MultiFernet([_make_seal(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


@lru_cache(maxsize=8)
def _make_seal(key: str) -> Fernet:
    derived = hashlib.blake2b(key.encode(), key=PURPOSE, digest_size=32).digest()
    return Fernet(base64.urlsafe_b64encode(derived))
