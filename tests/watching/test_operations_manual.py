"""docs/operations.md and docs/scaling.md: every command, setting, metric and link in them is real"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandParser
from django.urls import resolve

from image2model.configuration import ROOT, SETTINGS

PAGES = [ROOT / "docs" / name for name in ("operations.md", "scaling.md")]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([\w-]+))?\)")
NOT_SETTINGS = {"FAL", "NAME_FILE", "SIGTERM", "GET", "POST", "ALTER", "PASSWORD", "ROLE"}


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def list_commands() -> list[str]:
    return sorted({match.strip() for page in PAGES for match in re.findall(r"manage\.py ([^`\n]+)`", read(page))})


@pytest.mark.parametrize("line", list_commands())
def test_every_command_is_understood(line: str) -> None:
    """Parsed as it stands, with its arguments."""
    name, *arguments = shlex.split(line)
    app = get_commands().get(name)
    assert app is not None, line
    command = load_command_class(app, name) if isinstance(app, str) else app
    parser: CommandParser = command.create_parser("manage.py", name)
    if name == "reset_two_factor" and not arguments:
        arguments = ["somebody@example.org"]

    assert parser.parse_args(arguments)


def test_there_are_commands_to_check() -> None:
    assert len(list_commands()) >= 8


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_is_one(page: Path) -> None:
    known = {setting.name for setting in SETTINGS}
    named = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", read(page))) - NOT_SETTINGS

    assert named <= known, named - known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(read(page)):
        if "://" in target:
            continue
        path = (page.parent / target).resolve()
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path), f"{target}#{anchor}"
    for anchor in re.findall(r"\]\(#([\w-]+)\)", read(page)):
        assert anchor in anchors(page), anchor


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", read(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_address_is_answered(page: Path) -> None:
    for path in re.findall(r"`(?:GET |POST )?(/(?:api|health)[\w/.-]*)`", read(page)):
        assert resolve(path), path


def test_files_that_are_named_exist() -> None:
    for page in PAGES:
        for name in re.findall(r"`((?:deploy|bin|docs|tests)/[\w./-]+)", read(page)):
            assert (ROOT / name).exists(), name
