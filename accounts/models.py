"""Who may use the product, with which keys, within which limits?"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Lower, Now

from image2model.sealing import SealedField


class EmailUserManager(UserManager["User"]):
    """Makes users from an e-mail address: there are no user names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:  # type: ignore[override]
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:  # type: ignore[override]
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractUser):
    """Somebody who logs in by e-mail."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True, error_messages={"unique": "This address has an account."})

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = EmailUserManager()  # type: ignore[misc]

    class Meta:
        verbose_name = "user"
        verbose_name_plural = "users"
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_case_insensitive")]

    def __str__(self) -> str:
        return self.email


class Scope(models.TextChoices):
    READ = "read", "Read"
    WRITE = "write", "Write"
    ADMIN = "admin", "Administer"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self) -> ApiKeyQuerySet:
        """Neither revoked nor expired, by the database's clock."""
        return self.filter(revoked_at=None, user__is_active=True).exclude(expires_at__lte=Now())


class ApiKey(models.Model):
    """A script's way in: shown once when made, stored as prefix and keyed hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list)
    uploads_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="of this key alone; the user's own limit holds as well"
    )
    active_generations = models.PositiveIntegerField(
        null=True, blank=True, help_text="of jobs made with this key; the user's own limit holds as well"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} (i2m_{self.prefix}…)"

    @property
    def has_limits(self) -> bool:
        return self.uploads_per_minute is not None or self.active_generations is not None


class Limits(models.Model):
    """What one user may use; an empty value means the site's default."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="limits")
    active_generations = models.PositiveIntegerField(null=True, blank=True)
    uploads_per_minute = models.PositiveIntegerField(null=True, blank=True)
    storage_mb = models.PositiveIntegerField(null=True, blank=True)
    budget_usd_per_month = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)

    class Meta:
        verbose_name_plural = "limits"

    def __str__(self) -> str:
        return f"Limits of {self.user}"


class Purpose(models.TextChoices):
    PASSWORD = "password", "Password"
    CODE = "code", "Second factor"
    RESET = "reset", "Password reset"
    SIGN_UP = "sign_up", "New account"


class LoginFailure(models.Model):
    """A wrong guess of the last minutes, or something else that nobody does often; ``throttle.py`` counts them."""

    purpose = models.CharField(
        max_length=10, choices=Purpose.choices, default=Purpose.PASSWORD, db_default=Purpose.PASSWORD
    )
    account = models.CharField(max_length=64, db_index=True)  # keyed hash of the address that was typed
    address = models.CharField(max_length=45, db_index=True)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.address} at {self.at:%H:%M:%S}"


class Session(AbstractBaseSession):
    """A browser, and who is signed in there; ``sessions.py`` writes it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    address = models.CharField(max_length=45, blank=True)
    agent = models.CharField(max_length=200, blank=True)
    signed_in_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "session"
        verbose_name_plural = "sessions"

    @classmethod
    def get_session_store_class(cls) -> Any:
        from accounts.sessions import SessionStore

        return SessionStore


class TwoFactorQuerySet(models.QuerySet["TwoFactor"]):
    def confirmed(self) -> TwoFactorQuerySet:
        return self.filter(confirmed_at__isnull=False)


class TwoFactor(models.Model):
    """Somebody's authenticator. Without ``confirmed_at`` it was begun and never finished, and means nothing."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="two_factor")
    secret = SealedField()
    recovery = SealedField(blank=True)  # codes that are still good, separated by blanks
    last_step = models.BigIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True)

    objects = TwoFactorQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Of {self.user}"
