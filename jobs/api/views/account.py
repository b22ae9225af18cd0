"""What may the caller use, and how much of it is used? Contract section 7."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey, User
from image2model.openapi import document
from jobs.api import account_shapes
from jobs.api.views.base import JobView
from jobs.services import (
    active_limit,
    count_active,
    count_active_of_key,
    count_stored_bytes,
    money,
    storage_limit,
    upload_rate,
)


def describe_rate(user: User) -> dict[str, int]:
    count, seconds = upload_rate(user)
    return {"count": count, "period_seconds": seconds}


def describe_own_key(key: ApiKey) -> dict[str, Any]:
    """What the key of this call may use of it, and how much of that is used."""
    return {
        "id": str(key.pk),
        "name": key.name,
        "limits": {
            "uploads_per_minute": key.uploads_per_minute,
            "active_generations": key.active_generations,
        },
        "active_generations": count_active_of_key(key),
    }


class AccountView(JobView):
    @document("get_account", responses=account_shapes.AccountSerializer)
    def get(self, request: Request) -> Response:
        """My limits and what is used of them."""
        return Response(
            {
                "email": self.user.email,
                "is_staff": self.user.is_staff,
                "limits": {
                    "active_generations": active_limit(self.user),
                    "uploads": describe_rate(self.user),
                    "storage_bytes": storage_limit(self.user),
                    "max_files": settings.MAX_FILES,
                    "max_file_bytes": settings.MAX_FILE_BYTES,
                },
                "active_generations": count_active(self.user),
                "key": describe_own_key(self.api_key) if self.api_key else None,
                "stored_bytes": count_stored_bytes(self.user),
                "budget": money.describe_budget(self.user),
            }
        )
