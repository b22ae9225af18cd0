"""Which fields do the account pages ask for?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, PasswordResetForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Scope, User
from accounts.services import MAX_LIMIT, MAX_NAME_LENGTH, KeyLimits

ADVICE = "At least 8 characters. A short sentence works well."
NO_LIMIT = "At most, with this key. Empty: only your own limit holds."
EXPIRIES = {"30": "In 30 days", "90": "In 90 days", "365": "In a year", "never": "Never"}


class LoginForm(AuthenticationForm):
    """Django's form, with words for people who log in by e-mail."""

    error_messages = {
        "invalid_login": "This e-mail address and password do not belong together.",
        "inactive": "This e-mail address and password do not belong together.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"] = forms.EmailField(
            label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})
        )


class SignUpForm(forms.ModelForm):  # type: ignore[type-arg]
    password = forms.CharField(
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "minlength": 8}),
        help_text=ADVICE,
    )

    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["email"]
        labels: ClassVar[dict[str, Any]] = {"email": "E-mail"}
        widgets: ClassVar[dict[str, Any]] = {
            "email": forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})
        }

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def _get_validation_exclusions(self) -> set[str]:
        """Whether the address is free is left to ``sign_up``, which asks when nothing else is wrong: to learn it of a
        free address costs an account that staff can see.
        """
        return {*super()._get_validation_exclusions(), "email"}  # type: ignore[misc]

    def _post_clean(self) -> None:
        """After the address is on the instance, so that a password like the address is refused."""
        super()._post_clean()  # type: ignore[misc]
        password = self.cleaned_data.get("password")
        if password:
            try:
                password_validation.validate_password(password, self.instance)
            except ValidationError as error:
                self.add_error("password", error)


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    password = forms.CharField(
        required=False,
        strip=False,
        label="Current password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="Needed only to change the e-mail address.",
    )

    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["first_name", "last_name", "email"]
        labels: ClassVar[dict[str, Any]] = {"email": "E-mail"}
        widgets: ClassVar[dict[str, Any]] = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def clean_email(self) -> str:
        return require_free_email(self.cleaned_data["email"], self.instance)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "email" in self.changed_data and not self.instance.check_password(cleaned.get("password") or ""):
            self.add_error("password", "Enter your current password to change the e-mail address.")
        return cleaned


class ForgottenPasswordForm(PasswordResetForm):
    """Django's, in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail"


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """Django's, in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = ADVICE
        self.fields["new_password2"].label = "New password, again"
        self.fields["new_password2"].help_text = ""


class ChangePasswordForm(NewPasswordForm, PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = "Current password"


class ConfirmForm(forms.Form):
    """Something that cannot be undone: only with the password."""

    password = forms.CharField(
        strip=False, label="Password", widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class CodeForm(forms.Form):
    """The second factor."""

    code = forms.CharField(
        max_length=40, label="Code", help_text="Of your authenticator, or one of your recovery codes.",
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "none", "spellcheck": "false"}
        ),
    )  # fmt: skip


class ProofForm(ConfirmForm):
    """Password and second factor."""

    code = forms.CharField(
        max_length=40, label="Code", help_text="Of your authenticator.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )  # fmt: skip


class KeyForm(forms.Form):
    name = forms.CharField(
        max_length=MAX_NAME_LENGTH, help_text="Where the key is used, such as “render script”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="May")
    days = forms.ChoiceField(label="Ends", choices=list(EXPIRIES.items()), initial="90")
    uploads_per_minute = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_LIMIT, label="Uploads a minute", help_text=NO_LIMIT
    )
    active_generations = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_LIMIT, label="Generations at once", help_text=NO_LIMIT
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = {Scope.READ: "Read jobs and models", Scope.WRITE: "Upload, cancel, delete", Scope.ADMIN: "Administer"}
        scopes = [scope for scope in Scope if scope != Scope.ADMIN or user.is_staff]
        field = self.fields["scopes"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(scope.value, words[scope]) for scope in scopes]
        field.initial = [Scope.READ.value, Scope.WRITE.value]

    def read_expiry(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return None if days == "never" else timezone.now() + timedelta(days=int(days))

    def read_limits(self) -> KeyLimits:
        return KeyLimits(
            uploads_per_minute=self.cleaned_data["uploads_per_minute"],
            active_generations=self.cleaned_data["active_generations"],
        )


def require_free_email(email: str, user: User) -> str:
    email = email.lower()
    if User.objects.filter(email__iexact=email).exclude(pk=user.pk).exists():
        raise ValidationError("This address has an account.")
    return email
