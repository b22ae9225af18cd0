"""Is it really them? A second factor: codes of an authenticator (TOTP), and codes for when that is lost."""

from __future__ import annotations

import re
import secrets
import time
from hmac import compare_digest

import pyotp
import segno
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import TwoFactor, User

ISSUER = "Image2Model"
STEP_SECONDS = 30
TOLERANCE = (-1, 0, 1)  # steps that a clock may be off
RECOVERY_CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
PROVED = "accounts.two_factor"  # in the session: the second factor was shown


def has_two_factor(user: User) -> bool:
    return TwoFactor.objects.confirmed().filter(user=user).exists()


def must_prove(user: User, session: SessionBase) -> bool:
    """Does the site want a second factor of this user, which this session has not shown?"""
    return bool(settings.REQUIRE_TWO_FACTOR and user.is_staff and not session.get(PROVED))


def begin_enrolment(user: User) -> TwoFactor:
    """The same secret until it is confirmed, so that a page that is loaded again shows the same code."""
    return TwoFactor.objects.get_or_create(user=user, defaults={"secret": pyotp.random_base32()})[0]


def draw_code(factor: TwoFactor) -> str:
    """What an authenticator scans, as the address of a picture."""
    uri = pyotp.TOTP(factor.secret).provisioning_uri(name=factor.user.email, issuer_name=ISSUER)
    return segno.make(uri, micro=False).svg_data_uri(scale=4, border=4, light="white")


def confirm_enrolment(user: User, *, code: str) -> list[str] | None:
    """The recovery codes, shown this once; None for a wrong code."""
    factor = TwoFactor.objects.filter(user=user, confirmed_at=None).first()
    if factor is None or not _take_step(factor, code=code):
        return None
    codes = [_draw_recovery_code() for _ in range(RECOVERY_CODES)]
    factor.recovery = " ".join(codes)
    factor.confirmed_at = Now()
    factor.save(update_fields=["recovery", "confirmed_at"])
    return codes


def check_code(user: User, *, code: str) -> bool:
    """A code of the authenticator, or one for when it is lost. Each is good once."""
    with transaction.atomic():
        factor = TwoFactor.objects.select_for_update().confirmed().filter(user=user).first()
        if factor is None:
            return False
        return _take_step(factor, code=code) or _take_recovery_code(factor, code=code)


def count_recovery_codes(user: User) -> int:
    factor = TwoFactor.objects.confirmed().filter(user=user).first()
    return len(factor.recovery.split()) if factor else 0


def remove_two_factor(user: User) -> bool:
    """Was there one?"""
    return bool(TwoFactor.objects.filter(user=user).delete()[0])


def _take_step(factor: TwoFactor, *, code: str) -> bool:
    """A code that somebody saw over a shoulder is no longer good: its step, and those before it, are over."""
    digits = re.sub(r"\s", "", code)
    present = int(time.time()) // STEP_SECONDS
    for step in (present + offset for offset in TOLERANCE):
        expected = pyotp.TOTP(factor.secret).generate_otp(step)
        if compare_digest(expected.encode(), digits.encode()):
            return bool(TwoFactor.objects.filter(pk=factor.pk, last_step__lt=step).update(last_step=step))
    return False


def _take_recovery_code(factor: TwoFactor, *, code: str) -> bool:
    given = re.sub(r"[\s-]", "", code.lower())
    left = factor.recovery.split()
    found = [kept for kept in left if compare_digest(kept.replace("-", "").encode(), given.encode())]
    if not found:
        return False
    factor.recovery = " ".join(kept for kept in left if kept not in found)
    factor.save(update_fields=["recovery"])
    return True


def _draw_recovery_code() -> str:
    letters = "".join(secrets.choice(LETTERS) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"
