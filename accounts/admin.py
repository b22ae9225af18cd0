"""What do staff see of people and keys?"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import ApiKey, Limits, LoginFailure, User
from accounts.services import revoke_api_key
from accounts.sessions import end_other_sessions
from accounts.two_factor import remove_two_factor


class LimitsInline(admin.StackedInline):  # type: ignore[type-arg]
    model = Limits
    can_delete = False


class CreateUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """Django's user admin, without user names."""

    add_form = CreateUserForm
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Name", {"fields": ("first_name", "last_name")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    date_hierarchy = "date_joined"

    actions = ("reset_two_factor", "end_sessions")

    @admin.action(description="Reset the second factor of the selected users", permissions=["reset"])
    def reset_two_factor(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """For those who lost their authenticator and their codes. They sign in with the password alone after it."""
        reset = [user for user in users if remove_two_factor(user)]
        for user in reset:
            end_other_sessions(user, kept=request.session.session_key)
            self.log_change(request, user, "Second factor reset.")
        self.message_user(request, f"{len(reset)} of {len(users)} had a second factor; reset.", messages.SUCCESS)

    def has_reset_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))

    @admin.action(description="Sign the selected users out everywhere", permissions=["change"])
    def end_sessions(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users:
            end_other_sessions(user, kept=request.session.session_key)
            self.log_change(request, user, "Signed out everywhere.")
        self.message_user(request, f"{len(users)} users signed out.", messages.SUCCESS)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:
        return [LimitsInline] if obj else []


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Facts: to be looked at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = (
        "name",
        "shown_prefix",
        "user",
        "shown_scopes",
        "shown_limits",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), ("expires_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "prefix", "user__email")
    list_select_related = ("user",)
    date_hierarchy = "created_at"
    exclude = ("hash",)
    actions = ("revoke",)
    readonly_fields = ("user", "name", "scopes", "expires_at", "revoked_at", "created_at", "last_used_at", "prefix")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its limits alone; 0 lets it make nothing."""
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apikey")

    @admin.display(description="key", ordering="prefix")
    def shown_prefix(self, key: ApiKey) -> str:
        return f"i2m_{key.prefix}…"

    @admin.display(description="scopes")
    def shown_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description="limits")
    def shown_limits(self, key: ApiKey) -> str:
        limits = {"/min": key.uploads_per_minute, " at once": key.active_generations}
        return ", ".join(f"{limit}{unit}" for unit, limit in limits.items() if limit is not None) or "–"

    @admin.action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        revoked = [key for key in keys if revoke_api_key(key)]
        for key in revoked:
            self.log_change(request, key, "Revoked.")
        self.message_user(request, f"{len(revoked)} of {len(keys)} keys revoked.", messages.SUCCESS)


@admin.register(LoginFailure)
class LoginFailureAdmin(ReadOnlyAdmin):
    """To let somebody in again, delete the failures of their address."""

    list_display = ("at", "purpose", "address")
    list_filter = ("purpose",)
    search_fields = ("address",)
    ordering = ("-at",)
