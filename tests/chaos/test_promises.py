"""Does every promise on docs/reliability.md name a test, and is each test that it names there?"""

from __future__ import annotations

import re

import pytest

from tests.running import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))
PROMISES, FAULTS = 30, 53


def rows(begin: str) -> list[str]:
    """The lines of the table under a heading."""
    table = PAGE.split(f"\n## {begin}\n")[1].split("\n## ")[0]
    return [line for line in table.splitlines() if re.match(r"\| P?\d", line)]


def test_it_works():
    assert [line.split("|")[1].strip() for line in rows("Promises")] == [f"P{n}" for n in range(1, PROMISES + 1)]
    assert all("::test_" in line for line in rows("Promises"))


def test_every_fault_is_there():
    met: list[int] = []
    for line in rows("Faults"):
        first, _, last = line.split("|")[1].strip().partition("–")
        met += range(int(first), int(last or first) + 1)
        assert "::test_" in line or "not tested" in line, line
    assert met == list(range(1, FAULTS + 1))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_the_test_exists(path: str, name: str):
    assert re.search(rf"def {name}\(", (ROOT / path).read_text(encoding="utf-8")), f"{path} has no {name}"
