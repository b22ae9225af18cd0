"""``manage.py prepare``: everything that must be right before the processes start. Does nothing twice."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand

from accounts.models import User
from image2model.schema import expand, hold_schema, is_empty, list_open_migrations

FIRST_ADMIN = "admin@example.org"
# Builds and maps of libraries that no page names: most of their weight.
NOT_SERVED = ["*.js.map", "model-viewer-*", "model-viewer.js", "rest_framework"]


class Command(BaseCommand):
    requires_system_checks = []
    help = "Migrates, collects static files and makes the first admin, each when needed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only-static", action="store_true", help="for a build: without database and admin")
        parser.add_argument("--keep-static", action="store_true", help="static files were collected when it was built")
        parser.add_argument(
            "--expand-only", action="store_true", help="leave out what processes of the last release miss"
        )
        parser.add_argument("--login-file", type=Path, help="where the first admin's login is left, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["only_static"]:
            self._collect_static()
            return
        with hold_schema():  # two may start at once
            self._migrate(expand_only=options["expand_only"])
            if not options["keep_static"]:
                self._collect_static()
            create_first_admin(options["login_file"])

    def _collect_static(self) -> None:
        if collect_static_when_changed():
            self.stdout.write("Static files are collected.")

    def _migrate(self, *, expand_only: bool) -> None:
        if not list_open_migrations():
            return
        if expand_only and not is_empty():
            expand()
        else:
            call_command("migrate", verbosity=0)
        self.stdout.write("Database is up to date.")


def collect_static_when_changed() -> bool:
    """Collect when a source file is new or changed since the last time; did it?"""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    fingerprint = fingerprint_static_files()
    if stamp.exists() and stamp.read_text() == fingerprint:
        return False
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=NOT_SERVED)
    stamp.write_text(fingerprint)
    return True


def fingerprint_static_files() -> str:
    return hashlib.sha256("\n".join(sorted(_describe_static_files())).encode()).hexdigest()


def _describe_static_files() -> Iterator[str]:
    for finder in get_finders():
        for path, storage in finder.list(NOT_SERVED):
            facts = os.stat(storage.path(path))
            yield f"{path} {facts.st_size} {facts.st_mtime_ns}"


def create_first_admin(login_file: Path | None) -> None:
    """An admin when there is none yet; the password is told once, through the file, and never stored.

    The file comes first: a kill in between must not lose the only password.
    """
    if User.objects.filter(is_superuser=True).exists():
        return
    password = secrets.token_urlsafe(12)
    if login_file:
        write_privately(login_file, json.dumps({"email": FIRST_ADMIN, "password": password}))
    User.objects.create_superuser(FIRST_ADMIN, password)


def write_privately(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
