"""Where does somebody see and end their sessions, and set up a second factor?"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.addresses import read_address
from accounts.agents import describe_agent
from accounts.errors import TooManyFailures
from accounts.forms import ProofForm
from accounts.models import Purpose, User
from accounts.sessions import end_other_sessions, end_session, list_sessions, name_session
from accounts.throttle import forget_failures, note_attempt
from accounts.two_factor import (
    PROVED,
    begin_enrolment,
    check_code,
    confirm_enrolment,
    count_recovery_codes,
    draw_code,
    has_two_factor,
    must_prove,
    remove_two_factor,
)
from accounts.views import current_user
from image2model.answers import render_too_many

hide_proof = sensitive_post_parameters("password", "code")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD"])
def show_security(request: HttpRequest) -> HttpResponse:
    """The open sessions and the second factor."""
    user = current_user(request)
    sessions = [
        {
            "name": name_session(row.session_key),
            "agent": describe_agent(row.agent),
            "address": row.address,
            "signed_in_at": row.signed_in_at,
            "seen_at": row.seen_at,
            "is_this": row.session_key == request.session.session_key,
        }
        for row in list_sessions(user)
    ]
    context = {
        "sessions": sessions,
        "has_two_factor": has_two_factor(user),
        "recovery_codes": count_recovery_codes(user),
        "must_prove": must_prove(user, request.session),
    }
    return render(request, "accounts/security.html", context)


@login_required
@require_POST
def end_one_session(request: HttpRequest, session: str) -> HttpResponse:
    if not end_session(current_user(request), name=session):
        raise Http404
    messages.success(request, "That browser is signed out.")
    return redirect("security")


@login_required
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    end_other_sessions(current_user(request), kept=request.session.session_key)
    messages.success(request, "Every other browser is signed out.")
    return redirect("security")


@hide_proof
@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def set_up_two_factor(request: HttpRequest) -> HttpResponse:
    """With the password, so that a borrowed browser locks nobody out. The recovery codes are shown this once."""
    user = current_user(request)
    if has_two_factor(user):
        return redirect("security")
    form = ProofForm(request.POST or None)
    try:
        if form.is_valid() and _knows_password(request, user, form=form):
            codes = _confirm(request, user, form=form)
            if codes:
                return render(request, "accounts/recovery_codes.html", {"codes": codes})
    except TooManyFailures as error:
        return render_too_many(request, seconds=error.seconds, message="Too many wrong passwords or codes.")
    factor = begin_enrolment(user)
    context = {"form": form, "picture": draw_code(factor), "secret": _group(factor.secret)}
    return render(request, "accounts/two_factor.html", context)


def _confirm(request: HttpRequest, user: User, *, form: ProofForm) -> list[str] | None:
    failure = note_attempt(user.email, address=read_address(request), purpose=Purpose.CODE)
    codes = confirm_enrolment(user, code=form.cleaned_data["code"])
    if codes is None:
        form.add_error("code", "This code is not right. Is the clock of your device right?")
        return None
    forget_failures(failure)
    request.session[PROVED] = True
    end_other_sessions(user, kept=request.session.session_key)  # they were opened without a second factor
    return codes


@hide_proof
@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def drop_two_factor(request: HttpRequest) -> HttpResponse:
    """With password and code."""
    user = current_user(request)
    if not has_two_factor(user):
        return redirect("security")
    form = ProofForm(request.POST or None)
    try:
        if form.is_valid() and _knows_password(request, user, form=form) and _knows_code(request, user, form=form):
            remove_two_factor(user)
            request.session.pop(PROVED, None)
            messages.success(request, "The second factor is switched off.")
            return redirect("security")
    except TooManyFailures as error:
        return render_too_many(request, seconds=error.seconds, message="Too many wrong passwords or codes.")
    return render(request, "accounts/two_factor_off.html", {"form": form})


def _knows_password(request: HttpRequest, user: User, *, form: ProofForm) -> bool:
    failure = note_attempt(user.email, address=read_address(request))
    if user.check_password(form.cleaned_data["password"]):
        forget_failures(failure)
        return True
    form.add_error("password", "This is not your password.")
    return False


def _knows_code(request: HttpRequest, user: User, *, form: ProofForm) -> bool:
    failure = note_attempt(user.email, address=read_address(request), purpose=Purpose.CODE)
    if check_code(user, code=form.cleaned_data["code"]):
        forget_failures(failure)
        return True
    form.add_error("code", "This code is not right, or was used already.")
    return False


def _group(secret: str) -> str:
    """In fours, for those who type it."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
