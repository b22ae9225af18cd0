"""``manage.py work local`` with an engine that one picture ends: ``python -m tests.confined.poison_worker``."""

from __future__ import annotations

import io
import os

import django
from PIL import Image

django.setup()

from django.core.management import call_command  # noqa: E402

from jobs.engines import local  # noqa: E402

POISON_SIZE = (77, 77)
generate = local.LocalEngine.generate


def generate_or_die(self, request, report):
    with Image.open(io.BytesIO(request.pictures["front"])) as picture:
        if picture.size == POISON_SIZE:
            os.abort()
    return generate(self, request, report)


if __name__ == "__main__":
    local.LocalEngine.generate = generate_or_die
    call_command("work", "local")
