"""What does every page know of the site?"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from image2model.version import VERSION


def describe_site(request: HttpRequest) -> dict[str, Any]:
    """For the base template: may people sign up, which version is this."""
    return {"signup_open": settings.SIGNUP, "version": VERSION, "virtual_fal": settings.VIRTUAL_FAL}
