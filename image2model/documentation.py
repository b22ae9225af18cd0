"""Where is the API documented? The OpenAPI document and its two viewers, from our own files alone."""

from __future__ import annotations

from typing import ClassVar

from csp.constants import SELF
from csp.decorators import csp_replace
from django.utils.decorators import method_decorator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny


class SchemaView(SpectacularAPIView):  # type: ignore[misc]
    """JSON unless YAML is asked for."""

    authentication_classes: ClassVar[list[type]] = []
    permission_classes = [AllowAny]
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer]


class SwaggerView(SpectacularSwaggerSplitView):  # type: ignore[misc]
    authentication_classes: ClassVar[list[type]] = []
    permission_classes = [AllowAny]
    url_name = "schema"
    template_name = "api/swagger.html"


# Redoc makes two style elements while it runs: one of its scroll bars, and an empty one that it fills by script.
# A browser test sees when their hashes change.
REDOC_STYLES = (
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
)


@method_decorator(csp_replace({"style-src": [SELF, *REDOC_STYLES]}), name="dispatch")
class RedocView(SpectacularRedocView):  # type: ignore[misc]
    authentication_classes: ClassVar[list[type]] = []
    permission_classes = [AllowAny]
    url_name = "schema"
    template_name = "api/redoc.html"
