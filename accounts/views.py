"""Which pages does an account have? Each parses, authorises and calls one verb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import services
from accounts.addresses import is_within, read_address
from accounts.errors import AccountError, TooManyFailures
from accounts.forms import (
    ChangePasswordForm,
    ConfirmForm,
    ForgottenPasswordForm,
    LoginForm,
    NewPasswordForm,
    ProfileForm,
    SignUpForm,
)
from accounts.models import Purpose, User
from accounts.second_step import BACKEND, begin_second_step
from accounts.sessions import end_other_sessions
from accounts.throttle import forget_failures, note_attempt
from accounts.two_factor import has_two_factor
from image2model.answers import render_too_many

hide_passwords = sensitive_post_parameters("password", "old_password", "new_password1", "new_password2")


def current_user(request: HttpRequest) -> User:
    """For views behind ``login_required``: somebody is signed in."""
    assert isinstance(request.user, User)
    return request.user


@method_decorator(never_cache, name="dispatch")
class LoginView(auth.LoginView):
    """Django's, with a limit on guesses."""

    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        email = request.POST.get("username", "")[:254]
        try:
            self.failure = note_attempt(email, address=read_address(request))
        except TooManyFailures as error:
            return render_too_many(request, seconds=error.seconds, message="Too many wrong passwords.")
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        forget_failures(self.failure)
        if has_two_factor(form.get_user()):
            return begin_second_step(self.request, form.get_user(), target=self.get_success_url())
        return super().form_valid(form)


@never_cache
def enter_admin(request: HttpRequest) -> HttpResponse:
    """The admin's own login form knows no limit on guesses; ours does."""
    if settings.ADMIN_ADDRESSES and not is_within(read_address(request), settings.ADMIN_ADDRESSES):
        raise Http404
    if request.user.is_authenticated and not (request.user.is_active and request.user.is_staff):
        raise PermissionDenied
    target = request.GET.get("next") or reverse("admin:index")
    return redirect(f"{reverse('login')}?{urlencode({'next': target})}")


@hide_passwords
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    if not settings.SIGNUP:
        return render(request, "accounts/signup_closed.html", status=403)
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    form = SignUpForm(request.POST or None)
    if request.method == "POST":
        try:
            address = read_address(request)
            note_attempt(f"{address} {request.POST.get('email', '')[:254]}", address=address, purpose=Purpose.SIGN_UP)
        except TooManyFailures as error:
            return render_too_many(request, seconds=error.seconds, message="Too many new accounts from your address.")
    if form.is_valid() and (user := _try_sign_up(form)):
        login(request, user, backend=BACKEND)
        messages.success(request, "Welcome. Your account is ready.")
        return redirect("upload")
    return render(request, "accounts/signup.html", {"form": form})


def _try_sign_up(form: SignUpForm) -> User | None:
    try:
        return services.sign_up(form.cleaned_data["email"], form.cleaned_data["password"])
    except AccountError as error:
        form.add_error(error.field, error.message)
        return None


@hide_passwords
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_account(request: HttpRequest) -> HttpResponse:
    """Name and e-mail address."""
    user = current_user(request)
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    if request.POST.get("password"):  # it may be a guess
        try:
            failure = note_attempt(user.email, address=read_address(request))
        except TooManyFailures as error:
            return render_too_many(request, seconds=error.seconds, message="Too many wrong passwords.")
        if user.check_password(request.POST["password"]):
            forget_failures(failure)
    if form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("account")
    return render(request, "accounts/account.html", {"form": form})


@hide_passwords
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete_account(request: HttpRequest, before: Callable[[User], None] | None = None) -> HttpResponse:
    """``before`` removes the user's work; the site's urls.py names it, as accounts knows no jobs."""
    user = current_user(request)
    form = ConfirmForm(request.POST or None)
    if form.is_valid():
        try:
            failure = note_attempt(user.email, address=read_address(request))
        except TooManyFailures as error:
            return render_too_many(request, seconds=error.seconds, message="Too many wrong passwords.")
        if user.check_password(form.cleaned_data["password"]):
            forget_failures(failure)
            logout(request)
            services.delete_account(user, before=before)
            messages.success(request, "Your account and everything in it are gone.")
            return redirect("start")
        form.add_error("password", "This is not your password.")
    return render(request, "accounts/delete.html", {"form": form})


class PasswordChangeView(auth.PasswordChangeView):
    template_name = "accounts/password_change.html"
    form_class = ChangePasswordForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Whoever finds a browser open does not find out the password in it."""
        user = current_user(request)
        try:
            failure = note_attempt(user.email, address=read_address(request))
        except TooManyFailures as error:
            return render_too_many(request, seconds=error.seconds, message="Too many wrong passwords.")
        if user.check_password(request.POST.get("old_password", "")):
            forget_failures(failure)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: Form) -> HttpResponse:
        messages.success(self.request, "Your password is changed. Other browsers are signed out.")
        answer = super().form_valid(form)
        end_other_sessions(self.request.user, kept=self.request.session.session_key)
        return answer


@login_required
@require_safe
def show_password_changed(request: HttpRequest) -> HttpResponse:
    return redirect("account")


class PasswordResetView(auth.PasswordResetView):
    form_class = ForgottenPasswordForm
    template_name = "accounts/password_reset.html"
    email_template_name = "accounts/mails/password_reset.txt"
    subject_template_name = "accounts/mails/password_reset_subject.txt"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Nobody fills a stranger's mailbox through us."""
        try:
            note_attempt(request.POST.get("email", "")[:254], address=read_address(request), purpose=Purpose.RESET)
        except TooManyFailures as error:
            return render_too_many(request, seconds=error.seconds, message="Too many mails asked for.")
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        self.extra_email_context = describe_public_address()
        return super().form_valid(form)


class PasswordResetConfirmView(auth.PasswordResetConfirmView):
    template_name = "accounts/password_reset_confirm.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("login")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "Your password is changed. Sign in with the new one.")
        end_other_sessions(form.user, kept=None)
        return super().form_valid(form)


def describe_public_address() -> dict[str, str]:
    """Links in mails name the configured address, never what a Host header claims, once one is configured."""
    parts = urlsplit(settings.PUBLIC_URL)
    return {"protocol": parts.scheme, "domain": parts.netloc} if parts.netloc else {}
