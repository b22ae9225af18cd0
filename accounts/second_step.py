"""The password was right and a second factor is wanted: where does somebody show it?"""

from __future__ import annotations

import time
from typing import Any, cast

from django.contrib.auth import login
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.addresses import read_address
from accounts.errors import TooManyFailures
from accounts.forms import CodeForm
from accounts.models import Purpose, User
from accounts.throttle import forget_failures, note_attempt
from accounts.two_factor import PROVED, check_code
from image2model.answers import render_too_many

BACKEND = "django.contrib.auth.backends.ModelBackend"
PENDING = "accounts.second_step"  # in a session that is nobody's yet
PATIENCE_SECONDS = 600


def begin_second_step(request: HttpRequest, user: User, *, target: str) -> HttpResponse:
    """Nobody is signed in by this."""
    request.session.cycle_key()
    request.session[PENDING] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "target": target,
        "until": time.time() + PATIENCE_SECONDS,
    }
    return redirect("second_step")


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_second_step(request: HttpRequest) -> HttpResponse:
    found = _find_pending(request.session)
    if found is None:
        return redirect("login")
    user, target = found
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            if _is_right(request, user, code=form.cleaned_data["code"]):
                sign_in_proved(request, user)
                return redirect(target)
        except TooManyFailures as error:
            return render_too_many(request, seconds=error.seconds, message="Too many wrong codes.")
        form.add_error("code", "This code is not right, or was used already.")
    return render(request, "accounts/second_step.html", {"form": form})


def sign_in_proved(request: HttpRequest, user: User) -> None:
    request.session.pop(PENDING, None)
    login(request, user, backend=BACKEND)
    request.session[PROVED] = True


def _is_right(request: HttpRequest, user: User, *, code: str) -> bool:
    """Guesses are counted, however the code was asked for."""
    failure = note_attempt(user.email, address=read_address(request), purpose=Purpose.CODE)
    if not check_code(user, code=code):
        return False
    forget_failures(failure)
    return True


def _find_pending(session: SessionBase) -> tuple[User, str] | None:
    """Whose password was right a moment ago and is still the same."""
    pending = cast(dict[str, Any] | None, session.get(PENDING))
    if pending is None or pending["until"] < time.time():
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    if user is None or not constant_time_compare(user.get_session_auth_hash(), pending["password"]):
        return None
    return user, pending["target"]
