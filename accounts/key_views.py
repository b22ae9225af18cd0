"""Where does somebody make, see and revoke API keys?"""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import services
from accounts.errors import AccountError
from accounts.forms import KeyForm
from accounts.models import ApiKey, User
from accounts.views import current_user

ENDED_SHOWN = 10


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_keys(request: HttpRequest) -> HttpResponse:
    """A new key is shown in the answer to its own POST, so that it is never stored anywhere in the clear."""
    user = current_user(request)
    form = KeyForm(request.POST or None, user=user)
    made = _try_create(form, user=user) if form.is_valid() else None
    if made:
        form = KeyForm(user=user)
    context = {**list_keys(user), "form": form, "made": made, "host": request.build_absolute_uri("/")}
    return render(request, "accounts/keys.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_key(request: HttpRequest, key_id: UUID) -> HttpResponse:
    key = get_object_or_404(current_user(request).api_keys, pk=key_id)
    if request.method != "POST":
        return render(request, "accounts/key_revoke.html", {"key": key})
    services.revoke_api_key(key)
    messages.success(request, f"The key “{key.name}” is revoked.")
    return redirect("keys")


def list_keys(user: User) -> dict[str, list[ApiKey]]:
    now = timezone.now()
    keys = list(user.api_keys.all())
    ended = [key for key in keys if key.revoked_at or (key.expires_at and key.expires_at <= now)]
    return {"keys": [key for key in keys if key not in ended], "ended_keys": ended[:ENDED_SHOWN]}


def _try_create(form: KeyForm, *, user: User) -> tuple[ApiKey, str] | None:
    data = form.cleaned_data
    try:
        return services.create_api_key(
            user,
            name=data["name"],
            scopes=data["scopes"],
            expires_at=form.read_expiry(),
            limits=form.read_limits(),
        )
    except AccountError as error:
        form.add_error(error.field or None, f"{error.message} {error.hint}".strip())
        return None
