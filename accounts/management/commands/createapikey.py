"""How does a terminal get an API key? Prints the key alone on stdout."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.errors import AccountError
from accounts.models import User
from accounts.services import KeyLimits, create_api_key


class Command(BaseCommand):
    help = "Makes an API key for a user and prints it, this once, on stdout."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="the user's e-mail address")
        parser.add_argument("--name", default="terminal", help="what the key is called in the portal")
        parser.add_argument("--scopes", default="read,write", help="read, write, admin; separated by commas")
        parser.add_argument("--uploads-per-minute", type=int, metavar="N", help="with this key; the user's if absent")
        parser.add_argument("--active-generations", type=int, metavar="N", help="of this key; the user's if absent")

    def handle(self, *args: Any, user: str, name: str, scopes: str, **options: Any) -> None:
        chosen = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        limits = KeyLimits(
            uploads_per_minute=options["uploads_per_minute"], active_generations=options["active_generations"]
        )
        try:
            found = User.objects.get_by_natural_key(user)
            _, raw = create_api_key(found, name=name, scopes=chosen, limits=limits)
        except User.DoesNotExist:
            raise CommandError(f"There is no user {user}.") from None
        except AccountError as error:
            raise CommandError(error.message) from None
        self.stdout.write(raw)
