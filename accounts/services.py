"""What can be done with accounts and keys? The verbs, for pages, API, admin and commands."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.errors import AccountError
from accounts.models import ApiKey, Scope, User
from accounts.tokens import Token, find_matching_pepper, find_pepper, hash_token, make_token, parse_token

logger = logging.getLogger(__name__)

MAX_USABLE_KEYS = 10
MAX_NAME_LENGTH = 100
MAX_LIMIT = 1_000_000
USE_IS_NOTED_EVERY = timedelta(minutes=1)


def sign_up(email: str, password: str) -> User:
    """Make an account. The form has checked the address and the password; only the race is left to us."""
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password)
    except IntegrityError:
        raise AccountError("invalid_parameter", "This address has an account.", field="email") from None


def delete_account(user: User, *, before: Callable[[User], None] | None = None) -> None:
    """``before`` removes the user's work; nobody can sign in or use a key while it runs."""
    User.objects.filter(pk=user.pk).update(is_active=False)
    if before:
        before(user)
    user.delete()


@dataclass(frozen=True, kw_only=True)
class KeyLimits:
    """What one key may use of what its user may; None: as much as the user."""

    uploads_per_minute: int | None = None
    active_generations: int | None = None


NO_LIMITS = KeyLimits()


def create_api_key(
    user: User,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    limits: KeyLimits = NO_LIMITS,
) -> tuple[ApiKey, str]:
    """The stored key and, this once, the key itself."""
    name = _check_name(name)
    chosen = _check_scopes(scopes, user=user)
    _check_expiry(expires_at)
    _check_limits(limits)
    token = make_token()
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two requests at once count one after the other
        if ApiKey.objects.usable().filter(user=user).count() >= MAX_USABLE_KEYS:
            raise AccountError(
                "too_many_keys", f"You have {MAX_USABLE_KEYS} keys in use.", hint="Revoke one that you no longer need."
            )
        key = ApiKey.objects.create(
            user=user, name=name, prefix=token.prefix, hash=hash_token(token), scopes=chosen, expires_at=expires_at,
            **asdict(limits),
        )  # fmt: skip
    return key, token.raw


def revoke_api_key(key: ApiKey) -> bool:
    """Ends the key for good; did this call do it?"""
    return bool(ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()))


def find_api_key(raw: str) -> ApiKey | None:
    """The usable key, with its user. One query, and none for what we never made."""
    token = parse_token(raw)
    if token is None:
        return None
    key = ApiKey.objects.usable().select_related("user").filter(prefix=token.prefix).first()
    return key if key and _proves(token, key) else None


def note_key_use(key: ApiKey) -> None:
    """Remember the last use, to the minute: a busy script must not write with every request."""
    if key.last_used_at and timezone.now() - key.last_used_at < USE_IS_NOTED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=Now() - USE_IS_NOTED_EVERY)
    try:
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=Now())
    except DatabaseError as error:  # a database that takes no writes can still be read
        logger.warning("The use of API key %s could not be noted: %s", key.prefix, error)


def _proves(token: Token, key: ApiKey) -> bool:
    """A key made under a former pepper is hashed anew, so that the former one can be dropped some day."""
    pepper = find_matching_pepper(token, key.hash)
    if pepper is None:
        return False
    if pepper != find_pepper():
        ApiKey.objects.filter(pk=key.pk).update(hash=hash_token(token))
    return True


def _check_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH:
        message = f"The name needs 1 to {MAX_NAME_LENGTH} characters."
        raise AccountError("invalid_parameter", message, field="name")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise AccountError("invalid_parameter", "The name must not hold control characters.", field="name")
    return name


def _check_scopes(scopes: Sequence[str], *, user: User) -> list[str]:
    unknown = sorted(set(scopes) - set(Scope.values))
    if unknown or not scopes:
        message = f"Scopes are {', '.join(Scope.values)}; at least one is needed."
        raise AccountError("invalid_parameter", message, field="scopes")
    if Scope.ADMIN in scopes and not user.is_staff:
        raise AccountError("invalid_parameter", "Only staff may make keys of scope admin.", field="scopes")
    return [scope for scope in Scope.values if scope in scopes]


def _check_expiry(expires_at: datetime | None) -> None:
    if expires_at and expires_at <= timezone.now():
        raise AccountError("invalid_parameter", "The expiry lies in the past.", field="expires_at")


def _check_limits(limits: KeyLimits) -> None:
    for name, value in asdict(limits).items():
        if value is not None and not 1 <= value <= MAX_LIMIT:
            raise AccountError("invalid_parameter", f"{name} must be from 1 to {MAX_LIMIT:,}.", field=name)
