"""manage.py describe_settings"""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from image2model.configuration import ROOT, SETTINGS
from image2model.management.commands import describe_settings


def test_the_page_is_current() -> None:
    call_command("describe_settings", check=True)


def test_it_names_every_setting_and_nobodys_folder() -> None:
    out = StringIO()
    call_command("describe_settings", stdout=out)

    assert all(f"`{setting.name}`" in out.getvalue() for setting in SETTINGS)
    assert str(ROOT) not in out.getvalue()


def test_an_old_page_is_told(tmp_path, monkeypatch) -> None:
    page = tmp_path / "settings.md"
    page.write_text("old")
    monkeypatch.setattr(describe_settings, "PAGE", page)
    monkeypatch.setattr(describe_settings, "EXAMPLE", tmp_path / "env")

    with pytest.raises(CommandError):
        call_command("describe_settings", check=True)
    call_command("describe_settings", write=True)
    call_command("describe_settings", check=True)
