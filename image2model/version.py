"""Which version is this? The newest heading of the changelog says so, so the two cannot disagree."""

from __future__ import annotations

import re
from pathlib import Path


def read_version() -> str:
    changelog = (Path(__file__).resolve().parent.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    match = re.search(r"^## (\d+\.\d+\.\d+)", changelog, re.MULTILINE)
    if match is None:
        raise RuntimeError("CHANGELOG.md has no version heading")
    return match[1]


VERSION = read_version()
