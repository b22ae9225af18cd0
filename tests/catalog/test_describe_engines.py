"""``manage.py describe_engines``: is the committed document current?"""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from django.core.management import call_command

from jobs import catalog

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "engines.md"


def test_it_works() -> None:
    printed = StringIO()
    call_command("describe_engines", stdout=printed)
    text = printed.getvalue()
    assert text == DOCUMENT.read_text(encoding="utf-8"), "run: manage.py describe_engines > docs/engines.md"
    for engine in catalog.ENGINES.values():
        assert f"| `{engine.id}` |" in text
        assert engine.licence in text
        for option in engine.options:
            assert f"| `{option.name}` |" in text
