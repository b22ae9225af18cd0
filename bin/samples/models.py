"""What does the local engine make of the sample pictures? Models, previews and the list for the start page."""

from __future__ import annotations

import json
from pathlib import Path

from jobs.engines.base import EngineRequest
from jobs.engines.local import LocalEngine
from jobs.images import make_thumbnail, normalise_image
from jobs.previews import render_preview

FACE_LIMIT = 5_000
MAX_BYTES = 250_000
THUMBNAIL_SIDE = 256  # of the picture beside the model: the start page must stay light
SMALL_SIDE = 144  # of the preview in the row of samples
PICTURE_SUFFIXES = (".png", ".jpg", ".webp")


def find_picture(folder: Path, name: str) -> Path:
    return next(path for suffix in PICTURE_SUFFIXES if (path := folder / f"{name}{suffix}").exists())


def model_picture(folder: Path, name: str) -> str:
    """Make the model and its preview of a drawn picture; says what came out."""
    drawn = find_picture(folder, name).read_bytes()
    picture = normalise_image(drawn)
    options = {"face_limit": FACE_LIMIT, "texture": "standard"}
    result = LocalEngine().generate(EngineRequest(pictures={"front": picture.data}, options=options), report=_ignore)
    if len(result.model) > MAX_BYTES:
        raise SystemExit(f"{name}: the model takes {len(result.model)} bytes, more than {MAX_BYTES}")
    models = folder / "models"
    models.mkdir(exist_ok=True)
    (models / f"{name}.glb").write_bytes(result.model)
    preview = render_preview(result.model)
    (models / f"{name}.webp").write_bytes(preview)
    (models / f"{name}.small.webp").write_bytes(make_thumbnail(preview, side=SMALL_SIDE))
    (models / f"{name}.thumbnail.webp").write_bytes(make_thumbnail(drawn, side=THUMBNAIL_SIDE))
    warnings = ", ".join(result.warnings) or "no warnings"
    return f"{name}.glb: {len(result.model) / 1000:.0f} KB, {warnings}"


def list_samples(folder: Path, titles: dict[str, str]) -> None:
    """Write the list that the start page reads, in the order of ``titles``."""
    rows = [
        {
            "name": name,
            "title": title,
            "picture": find_picture(folder, name).name,
            "thumbnail": f"models/{name}.thumbnail.webp",
            "model": f"models/{name}.glb",
            "preview": f"models/{name}.webp",
            "small": f"models/{name}.small.webp",
        }
        for name, title in titles.items()
    ]
    (folder / "samples.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _ignore(stage: str, percent: int) -> None:
    """A model of a small picture is done before progress could be read."""
