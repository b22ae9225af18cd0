"""How often has somebody come of late?"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models import ApiKey


class Window(models.Model):
    """When the last uploads came, by the database's clock; none older than the period that is looked at.

    Whoever counts locks the row, so that two can never pass the limit together.
    """

    times = models.JSONField(default=list, help_text="seconds since 1970, oldest first")

    class Meta:
        abstract = True


class UploadWindow(Window):
    """One user's, with whichever key or page they came."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)

    def __str__(self) -> str:
        return f"{len(self.times)} of {self.owner}"


class KeyUploadWindow(Window):
    """Those that came with one key that has a limit of its own. Locked after its user's."""

    api_key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, primary_key=True)

    def __str__(self) -> str:
        return f"{len(self.times)} of {self.api_key}"
