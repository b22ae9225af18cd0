"""How often has somebody come of late?"""

from __future__ import annotations

from django.conf import settings
from django.db import models


class UploadWindow(models.Model):
    """When one user's last uploads came, by the database's clock; none older than the period that is looked at.

    One row for each user: whoever counts locks it, so that two can never pass the limit together.
    """

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)
    times = models.JSONField(default=list, help_text="seconds since 1970, oldest first")

    def __str__(self) -> str:
        return f"{len(self.times)} of {self.owner}"
