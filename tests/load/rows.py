"""Which rows must be there before a load? Made by the product's own services, in a process with its settings."""

from __future__ import annotations

import django

django.setup()

from accounts.models import User  # noqa: E402
from accounts.services import create_api_key  # noqa: E402


def make_keys(count: int) -> None:
    """Print the keys of so many new users."""
    for number in range(count):
        user = User.objects.create(email=f"load-{number}@example.org")
        print(create_api_key(user, name="load", scopes=("read", "write"))[1])
