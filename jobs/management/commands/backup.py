"""``manage.py backup FOLDER``: database and files while everything runs. docs/backup.md says how it comes back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from argparse import ArgumentParser
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

FILES, SQLITE, POSTGRES, KEY = "files", "image2model.sqlite3", "database.dump", "secret_key"


class Command(BaseCommand):
    help = "Saves database, files and the installation's key into an empty folder, under load as well."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        """Files are copied before and after the database, so that all that its rows name are there."""
        if folder.exists() and any(folder.iterdir()):
            raise CommandError(f"{folder} is not empty.")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = copy_files(folder / FILES)
        database = save_database(folder)
        number += copy_files(folder / FILES)
        with suppress(FileNotFoundError):
            shutil.copy2(settings.DATA_DIR / KEY, folder / KEY)
        self.stdout.write(f"{database.name}, {database.stat().st_size:,} bytes, and {number:,} files are in {folder}.")
        if not isinstance(default_storage, FileSystemStorage):
            self.stdout.write("The files are in an object store: keep its versions at least as long as this backup.")


def copy_files(target: Path) -> int:
    """Those that are not there yet: a file never changes under its name."""
    if not isinstance(default_storage, FileSystemStorage):
        return 0
    root, number = Path(default_storage.location), 0
    for source in root.rglob("*"):
        copy = target / source.relative_to(root)
        if source.name.endswith(".part") or copy.exists() or not source.is_file():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # deleted meanwhile
            number += _copy_whole(source, copy)
    return number


def _copy_whole(source: Path, copy: Path) -> bool:
    """A backup that breaks off leaves no half file under a good name."""
    partial = copy.with_name(f".{copy.name}.part")
    shutil.copy2(source, partial)
    os.replace(partial, copy)
    return True


def save_database(folder: Path) -> Path:
    """As it is at one moment."""
    if connection.vendor == "sqlite":
        target = folder / SQLITE
        source = str(settings.DATABASES["default"]["NAME"])
        with closing(sqlite3.connect(source, timeout=20)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
        return target
    return dump_postgres(folder / POSTGRES)


def dump_postgres(target: Path) -> Path:
    """By ``pg_dump``, which must not be older than the server. The password is in no argument."""
    given = settings.DATABASES["default"]
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    environment = {**os.environ, **{name: str(given[key]) for name, key in names.items() if given[key]}}
    try:
        done = subprocess.run(
            ["pg_dump", "--format=custom", "--no-owner", "--file", str(target)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise CommandError("pg_dump is needed; it comes with PostgreSQL's client programs.") from None
    if done.returncode:
        raise CommandError(f"pg_dump: {done.stderr.strip()}")
    return target
