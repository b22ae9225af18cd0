"""Where is the API documented? The OpenAPI document and its two viewers, from our own files alone."""

from __future__ import annotations

from typing import ClassVar

from csp.constants import SELF, UNSAFE_INLINE
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


# Redoc makes its style sheets while it runs. The page shows nothing that a user wrote.
@method_decorator(csp_replace({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
class RedocView(SpectacularRedocView):  # type: ignore[misc]
    authentication_classes: ClassVar[list[type]] = []
    permission_classes = [AllowAny]
    url_name = "schema"
    template_name = "api/redoc.html"
