"""Which version is this, from which commit? The newest heading of the changelog and the checkout say so."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def read_version() -> str:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    match = re.search(r"^## (\d+\.\d+\.\d+)", changelog, re.MULTILINE)
    if match is None:
        raise RuntimeError("CHANGELOG.md has no version heading")
    return match[1]


def read_commit(root: Path = ROOT) -> str:
    """What the checkout has; empty where there is none."""
    folder = root / ".git"
    try:
        if folder.is_file():  # a worktree of another checkout
            folder = (root / folder.read_text().removeprefix("gitdir:").strip()).resolve()
        head = (folder / "HEAD").read_text().strip()
        return _follow(folder, head.removeprefix("ref: ")) if head.startswith("ref: ") else head
    except OSError:
        return ""


def _follow(folder: Path, reference: str) -> str:
    common = folder / "commondir"
    home = (folder / common.read_text().strip()).resolve() if common.exists() else folder
    if (home / reference).exists():
        return (home / reference).read_text().strip()
    packed = home / "packed-refs"
    lines = packed.read_text().splitlines() if packed.exists() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {reference}")), "")


VERSION = read_version()
