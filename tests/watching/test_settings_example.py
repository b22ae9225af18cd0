""".env.example: in step with the one typed list, and harmless as it is"""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from image2model.configuration import ROOT, SETTINGS, read_configuration
from image2model.management.commands import describe_settings
from image2model.misspelt import find_misspelt

EXAMPLE = ROOT / ".env.example"
ASSIGNMENT = re.compile(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)


def read_assignments() -> dict[str, str]:
    return dict(ASSIGNMENT.findall(EXAMPLE.read_text()))


def test_it_works() -> None:
    call_command("describe_settings", check=True)
    assert set(read_assignments()) == {setting.name for setting in SETTINGS}


def test_every_default_can_be_used_as_it_is_written() -> None:
    """Uncommented as they are, the lines mean what no line means."""
    assignments = {name: value for name, value in read_assignments().items() if name != "DATA_DIR"}

    assert read_configuration(assignments) == read_configuration({})
    assert find_misspelt(assignments) == []


def test_copied_as_it_is_it_sets_nothing() -> None:
    assert [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")] == []


def test_an_old_example_is_told(tmp_path, monkeypatch) -> None:
    old = tmp_path / "example"
    old.write_text(EXAMPLE.read_text().replace("# MAX_FILES=25", "# MAX_FILES=26"))
    monkeypatch.setattr(describe_settings, "EXAMPLE", old)

    with pytest.raises(CommandError, match="example is not current"):
        call_command("describe_settings", check=True)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MIN_WORKERS", "0", "at least 1"),
        ("ALERT_QUEUE_MINUTES", "soon", "whole number"),
        ("ALERT_DISK_PERCENT", "101", "from 1 to 100"),
        ("ALERT_WEBHOOK_URL", "hooks.example.org", "must be a URL"),
    ],
)
def test_a_value_that_cannot_be_used_is_told(name: str, value: str, words: str) -> None:
    with pytest.raises(Exception, match=f"{name} .*{words}"):
        read_configuration({name: value})
