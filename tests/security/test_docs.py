"""Does docs/security.md name tests and settings that exist?"""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from image2model.configuration import SETTINGS

TEXT = (settings.BASE_DIR / "docs" / "security.md").read_text(encoding="utf-8")
PROOFS = sorted(set(re.findall(r"`(tests/[^`]+)`", TEXT)))
ROWS = [
    line for line in TEXT.partition("## What could happen")[2].partition("## Settings")[0].splitlines() if "|" in line
]


@pytest.mark.parametrize("proof", PROOFS)
def test_a_named_test_exists(proof):
    path, _, name = proof.partition("::")
    source = (settings.BASE_DIR / path).read_text(encoding="utf-8")
    if name:
        assert re.search(rf"^(async )?(def|class) {name}\b", source, re.MULTILINE), proof


def test_every_control_has_a_proof():
    assert len(ROWS) > 20
    for row in ROWS[2:]:
        assert "`tests/" in row.rpartition(" | ")[2], row[:80]


def test_every_named_setting_exists():
    named = set(re.findall(r"`([A-Z][A-Z_]{4,})(?:=[a-z]+)?`", TEXT))
    known = {setting.name for setting in SETTINGS} | {f"{setting.name}_FILE" for setting in SETTINGS} | {"NAME_FILE"}
    assert named <= known
