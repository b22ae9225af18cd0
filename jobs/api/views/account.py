"""What may the caller use, and how much of it is used? Contract section 7."""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from image2model.openapi import document
from jobs.api import serializers
from jobs.api.views.base import JobView
from jobs.services import active_limit, count_active, count_stored_bytes, money, storage_limit, upload_rate


def describe_rate(user: User) -> dict[str, int]:
    count, seconds = upload_rate(user)
    return {"count": count, "period_seconds": seconds}


class AccountView(JobView):
    @document("get_account", responses=serializers.AccountSerializer)
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
                "stored_bytes": count_stored_bytes(self.user),
                "budget": money.describe_budget(self.user),
            }
        )
