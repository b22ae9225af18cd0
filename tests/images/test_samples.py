"""Are the bundled sample pictures fit to be shown, and would they be accepted?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.images import inspect_image

FOLDER = Path(__file__).resolve().parents[2] / "static" / "samples"
PICTURES = sorted(path for path in FOLDER.iterdir() if path.suffix in {".png", ".jpg", ".webp"})
ROWS = json.loads((FOLDER / "samples.json").read_text())


def test_it_works() -> None:
    assert len(PICTURES) >= 6
    assert len({row["name"] for row in ROWS}) == len(ROWS) >= 6


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_accepted_and_light(path: Path) -> None:
    facts = inspect_image(path.read_bytes(), filename=path.name)
    assert path.suffix == f".{facts.extension}"
    assert 768 <= facts.width == facts.height <= 1024
    assert facts.size <= 200_000


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_sample_has_its_files(row: dict[str, str]) -> None:
    assert (FOLDER / row["picture"]) in PICTURES
    model = (FOLDER / row["model"]).read_bytes()
    assert model.startswith(b"glTF")
    assert len(model) <= 250_000
    assert inspect_image((FOLDER / row["preview"]).read_bytes(), filename="preview").content_type == "image/webp"


def test_grounds_are_of_both_kinds() -> None:
    clear = [inspect_image(path.read_bytes(), filename=path.name).has_alpha for path in PICTURES]
    assert True in clear
    assert False in clear
