"""How does somebody get in again whose authenticator and codes are lost? By the word of whoever runs the server."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.sessions import end_other_sessions
from accounts.two_factor import remove_two_factor


class Command(BaseCommand):
    help = "Removes the second factor of a user and signs them out everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="the user's e-mail address")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        try:
            found = User.objects.get_by_natural_key(user)
        except User.DoesNotExist:
            raise CommandError(f"There is no user {user}.") from None
        if not remove_two_factor(found):
            raise CommandError(f"{user} has no second factor.")
        end_other_sessions(found, kept=None)
        self.stdout.write(f"The second factor of {user} is removed.")
