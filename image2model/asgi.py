"""How do requests come in? HTTP to Django, event streams and websockets to the live side."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "image2model.settings")

application = get_asgi_application()
