"""Where is somebody signed in? Sessions in the database that know whose they are: each can be seen and ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import SESSION_KEY, user_logged_in
from django.contrib.sessions.backends import db
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.addresses import read_address

FACTS = "accounts.sign_in"  # in the session's own data: since when, last seen, from where, with what
SEEN_EVERY = 300  # seconds: a busy page must not write with every request
AGENT_LENGTH = 200


class SessionStore(db.SessionStore):
    """Django's, in a table of our own. Its name is part of the signature of what is stored: it stays."""

    @classmethod
    def get_model_class(cls) -> Any:
        from accounts.models import Session

        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row: Any = super().create_model_instance(data)
        facts = data.get(FACTS, {})
        row.user_id = data.get(SESSION_KEY)
        row.address, row.agent = facts.get("address", ""), facts.get("agent", "")
        row.signed_in_at, row.seen_at = (_tell(facts.get(name)) for name in ("since", "seen"))
        return row


def _tell(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest, **_: Any) -> None:
    now = time.time()
    agent = request.META.get("HTTP_USER_AGENT", "")[:AGENT_LENGTH]
    request.session[FACTS] = {"since": now, "seen": now, "address": read_address(request), "agent": agent}


class SessionUseMiddleware:
    """Notes now and then that a session is in use, and from where."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.session.accessed and (facts := request.session.get(FACTS)):
            now = time.time()
            if now - facts["seen"] > SEEN_EVERY:
                request.session[FACTS] = {**facts, "seen": now, "address": read_address(request)}
        return response


def name_session(session_key: str) -> str:
    """What a page may call it: the key itself would let its reader in."""
    return salted_hmac("accounts.Session", session_key, algorithm="sha256").hexdigest()[:32]


def list_sessions(user: Any) -> list[Any]:
    """Those that are open, the last used first."""
    from accounts.models import Session

    open_ones = Session.objects.filter(user=user, expire_date__gt=datetime.now(UTC))
    return sorted(open_ones, key=lambda row: row.seen_at or row.expire_date, reverse=True)


def end_session(user: Any, *, name: str) -> bool:
    """Sign that browser out; was there such a session of this user?"""
    for row in list_sessions(user):
        if constant_time_compare(name_session(row.session_key), name):
            row.delete()
            return True
    return False


def end_other_sessions(user: Any, *, kept: str | None) -> int:
    """Sign every browser out but the one whose session key is ``kept``."""
    from accounts.models import Session

    return Session.objects.filter(user=user).exclude(session_key=kept or "").delete()[0]
