"""Under which address does this caller reach us?"""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request

from jobs.links import Links


def find_links(request: Request) -> Links:
    """The public address when one is set: what a proxy or a caller says of the host is not believed."""
    return Links(base=settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/"))
