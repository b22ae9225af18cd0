"""``manage.py describe_settings``: the text of ``docs/settings.md``, from the one typed list."""

from __future__ import annotations

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

This page is made by `manage.py describe_settings --write` from `image2model/configuration.py`.

| name | default | what it is for |
|---|---|---|
"""


class Command(BaseCommand):
    help = "Prints docs/settings.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true", help="write the page instead")
        parser.add_argument("--check", action="store_true", help="exit with 1 when the page is not current")

    def handle(self, *args: Any, **options: Any) -> None:
        page = describe_settings()
        if options["check"] and PAGE.read_text(encoding="utf-8") != page:
            raise CommandError("docs/settings.md is not current; manage.py describe_settings --write makes it anew.")
        if options["write"]:
            PAGE.write_text(page, encoding="utf-8")
        elif not options["check"]:
            self.stdout.write(page, ending="")


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
