"""``manage.py describe_settings``: ``docs/settings.md`` and ``.env.example``, from the one typed list."""

from __future__ import annotations

import textwrap
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from image2model.configuration import ROOT, SETTINGS, Setting

PAGE = ROOT / "docs" / "settings.md"
INTRODUCTION = """\
# Settings

Everything is set by the environment; all of it is optional on one machine. A value that cannot be used stops the start
with one line that says why. A name that looks like one of these, and is none, is told at the start.

Each setting `NAME` may also come from a file: `NAME_FILE` is the path of one that holds the value, as container secrets
do. Secret ones never appear in logs or answers.

`.env.example` holds the same list in the form that containers and systemd read.

This page is made by `manage.py describe_settings --write` from `image2model/configuration.py`.

| name | default | what it is for |
|---|---|---|
"""
EXAMPLE = ROOT / ".env.example"
EXAMPLE_INTRODUCTION = """\
# Copy it to production.env beside compose.yaml, or to /etc/image2model/image2model.env for systemd, and set what you
# need: a line that stays a comment keeps its default. Secrets are better given as files, by NAME_FILE.
# Made by manage.py describe_settings --write from image2model/configuration.py; docs/settings.md has the same list.
"""
WIDTH = 116


class Command(BaseCommand):
    requires_system_checks = []
    help = "Prints docs/settings.md; writes or checks that page and .env.example."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true", help="write both instead")
        parser.add_argument("--check", action="store_true", help="exit with 1 when one is not current")

    def handle(self, *args: Any, **options: Any) -> None:
        pages = {PAGE: describe_settings(), EXAMPLE: describe_example()}
        if options["check"]:
            for path, text in pages.items():
                require_current(path, text)
        elif options["write"]:
            for path, text in pages.items():
                path.write_text(text, encoding="utf-8")
        else:
            self.stdout.write(pages[PAGE], ending="")


def require_current(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        raise CommandError(f"{path.name} is not current; manage.py describe_settings --write makes it anew.")


def describe_example() -> str:
    """Every setting as a comment: copied as it is, the file changes nothing."""
    return EXAMPLE_INTRODUCTION + "".join(_exemplify(setting) for setting in SETTINGS)


def _exemplify(setting: Setting) -> str:
    about = textwrap.wrap(setting.about + (" Secret." if setting.secret else ""), WIDTH)
    return "".join(f"\n# {line}" for line in about) + f"\n# {setting.name}={_relate(setting.default)}\n"


def describe_settings() -> str:
    return INTRODUCTION + "".join(_describe(setting) for setting in SETTINGS)


def _describe(setting: Setting) -> str:
    default = f"`{_relate(setting.default)}`" if setting.default else ""
    about = setting.about.replace("|", "\\|") + (" Secret." if setting.secret else "")
    return f"| `{setting.name}` | {default} | {about} |\n"


def _relate(default: str) -> str:
    """Below the source tree, as everybody has it elsewhere."""
    path = Path(default)
    return str(path.relative_to(ROOT)) if path.is_absolute() and path.is_relative_to(ROOT) else default
