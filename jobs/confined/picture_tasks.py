"""What can be asked about a stranger's picture? Done in a child process; loads Pillow and nothing larger."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from jobs import images
from jobs.images.inspection import TooLargeForNow, examine_image, is_large

Answer = tuple[dict[str, Any], bytes]


def examine(arguments: Mapping[str, Any], files: list[int]) -> Answer:
    limits = images.ImageLimits(**arguments["limits"])
    data = read_file(files[0], at_most=limits.max_bytes + 1)
    try:
        found = examine_image(
            data, filename=arguments["filename"], limits=limits, may_be_large=arguments["may_be_large"]
        )
    except TooLargeForNow:
        return {"is_large": True}, b""
    except images.ImageError as error:
        return describe_refusal(error), b""
    return {"facts": asdict(found.facts)}, found.thumbnail


def normalise(arguments: Mapping[str, Any], files: list[int]) -> Answer:
    data = read_file(files[0])
    if not arguments["may_be_large"] and is_large(data):
        return {"is_large": True}, b""
    try:
        image = images.normalise_image(data, max_side=arguments["max_side"])
    except images.ImageError as error:
        return describe_refusal(error), b""
    about = vars(image).copy()
    return {"image": about}, about.pop("data")


def make_thumbnail(arguments: Mapping[str, Any], files: list[int]) -> Answer:
    data = read_file(files[0])
    if not arguments["may_be_large"] and is_large(data):
        return {"is_large": True}, b""
    try:
        return {}, images.make_thumbnail(data, side=arguments["side"])
    except images.ImageError as error:
        return describe_refusal(error), b""


def describe_refusal(error: images.ImageError) -> dict[str, Any]:
    return {"refused": {"code": error.code, "message": error.message, "hint": error.hint}}


def read_file(descriptor: int, *, at_most: int | None = None) -> bytes:
    """From its beginning, wherever the other process stands in it."""
    size = os.fstat(descriptor).st_size
    size = size if at_most is None else min(size, at_most)
    pieces, place = [], 0
    while place < size and (piece := os.pread(descriptor, size - place, place)):
        pieces.append(piece)
        place += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


TASKS = {"examine": examine, "normalise": normalise, "make_thumbnail": make_thumbnail}
