"""Does what was written for an earlier release still work? The served document against the released ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from image2model.version import VERSION
from tests.api.document import read_document
from tests.compatibility.comparing import list_breaks

RELEASED = sorted(Path(__file__).with_name("released").glob("*.json"))


def test_it_works() -> None:
    assert RELEASED, "keep docs/openapi.json of each release here: released/<version>.json"


def test_no_release_is_newer_than_the_product() -> None:
    def order(version: str) -> list[int]:
        return [int(part) for part in version.split(".")]

    assert max(order(path.stem) for path in RELEASED) <= order(VERSION)


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_clients_of_a_release_still_work(path: Path) -> None:
    assert list_breaks(json.loads(path.read_text(encoding="utf-8")), read_document()) == []
