"""What does the API take and give? Prints docs/openapi.json."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.settings import spectacular_settings


class Command(BaseCommand):
    help = "Print the OpenAPI document of the API, as /api/schema serves it, with little space in it."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        document = spectacular_settings.DEFAULT_GENERATOR_CLASS().get_schema(request=None, public=True)
        served = OpenApiJsonRenderer().render(document, renderer_context={})
        self.stdout.write(json.dumps(json.loads(served), indent=1, ensure_ascii=False))
