"""What can be made of a stranger's model? Done in a child process; loads numpy, and OpenCV where pixels are sampled."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from jobs import meshes, previews
from jobs.confined.picture_tasks import read_file

Answer = tuple[dict[str, Any], bytes]


def measure(arguments: Mapping[str, Any], files: list[int]) -> Answer:
    try:
        return {"facts": asdict(meshes.measure_mesh(read_file(files[0])))}, b""
    except meshes.MeshError as error:
        return describe_refusal(error), b""


def draw(arguments: Mapping[str, Any], files: list[int]) -> Answer:
    try:
        return {}, previews.render_preview(read_file(files[0]))
    except meshes.MeshError as error:
        return describe_refusal(error), b""


def convert(arguments: Mapping[str, Any], files: list[int]) -> Answer:
    """The second file takes the result."""
    model, result = files
    try:
        data = memoryview(meshes.convert_glb(read_file(model), **arguments))
    except meshes.MeshError as error:
        return describe_refusal(error), b""
    while data:
        data = data[os.write(result, data) :]
    return {}, b""


def describe_refusal(error: meshes.MeshError) -> dict[str, Any]:
    return {"refused": {"code": error.code, "message": error.message, "hint": error.hint}}


TASKS = {"measure": measure, "draw": draw, "convert": convert}
