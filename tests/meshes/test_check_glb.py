"""Does the check refuse every broken model with the right code, and accept every sound one?"""

from __future__ import annotations

import io
import json
import pickle
import struct
import time
import zipfile

import numpy as np
import pytest

from jobs.meshes import MeshError, check_glb, convert_glb, measure_mesh, read_mesh
from jobs.meshes.container import MAX_BYTES
from tests import models

from .breaking import change, fail_code, repack

INVALID = "result_invalid_glb"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><body>not found</body></html>"


def zip_of(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("model.glb", data)
    return out.getvalue()


def test_it_works():
    for glb in (models.make_box_glb(), models.make_sphere_glb(textured=True), models.make_parts_glb()):
        check_glb(glb)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_it_accepts_every_kind_of_picture(kind):
    check_glb(models.make_sphere_glb(textured=True, kind=kind))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"glTF",
        HTML,
        b'{"error": "the file has expired"}',
        zip_of(models.make_box_glb()),
        json.dumps(models.build_box().tree).encode(),
    ],
    ids=["empty", "four bytes", "html", "json error", "zip", "gltf text"],
)
def test_it_refuses_what_is_not_a_glb(data):  # K02
    assert fail_code(data) == INVALID


def test_it_refuses_wrong_lengths_in_the_header():  # K04
    glb = bytearray(models.make_box_glb())
    struct.pack_into("<I", glb, 8, len(glb) + 4)
    assert fail_code(bytes(glb)) == "result_truncated"
    struct.pack_into("<I", glb, 8, len(glb) - 4)
    assert fail_code(bytes(glb)) == INVALID


def test_it_names_a_cut_file():
    glb = models.make_sphere_glb()
    assert fail_code(glb[: len(glb) // 2]) == "result_truncated"


def test_it_refuses_another_version():
    glb = bytearray(models.make_box_glb())
    struct.pack_into("<I", glb, 4, 1)
    assert fail_code(bytes(glb)) == INVALID
    assert fail_code(change(models.build_box(), "asset", version="1.0")) == INVALID


@pytest.mark.parametrize("chunk", ["JSON", "BIN"])
def test_it_refuses_a_chunk_of_four_gigabytes(chunk):  # K06
    glb = bytearray(models.make_box_glb())
    start = 12 if chunk == "JSON" else 20 + struct.unpack_from("<I", glb, 12)[0]
    struct.pack_into("<I", glb, start, 0xFFFFFFFF)
    assert fail_code(bytes(glb)) == INVALID


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(models.build_box().tree).encode("utf-16"),
        b"[1, 2, 3]",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"asset": {"version": "2.0"}, "extras": "' + b"x" * (64 << 20) + b'"}',
        b'{"asset": {"version": "2.0"}, "nodes": [{"translation": [NaN, 0, 0]}]}',
        b'{"asset": {"version": "2.0"}, "nodes": [{"translation": [1e999, 0, 0]}]}',
        b'{"asset": {"version": "2.0"}, "scene": ' + b"9" * 5000 + b"}",
        b'{"asset": "' + b'\\"' * 500_000,
        b'{"asset": "\xff"}',
        b"{",
        b"null",
    ],
    ids=[
        "utf-16",
        "array",
        "deep arrays",
        "deep objects",
        "64 MB",
        "NaN",
        "infinite",
        "long number",
        "open string",
        "not utf-8",
        "cut",
        "null",
    ],
)
def test_it_refuses_strange_json(text):  # K06
    started = time.process_time()
    assert fail_code(repack(models.make_box_glb(), text=text)) == INVALID
    assert time.process_time() - started < 2


def test_it_does_not_count_brackets_in_text():
    check_glb(change(models.build_box(), "asset", generator='[{"' * 1000))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_it_refuses_positions_that_are_no_places(value):  # K10
    builder = models.build_box()
    builder.binary[4:8] = struct.pack("<f", value)
    assert fail_code(builder.build()) == INVALID


def test_it_refuses_normals_that_are_not_finite():
    builder = models.build_sphere()
    view = builder.tree["bufferViews"][builder.tree["accessors"][1]["bufferView"]]
    builder.binary[view["byteOffset"] : view["byteOffset"] + 4] = struct.pack("<f", np.nan)
    assert fail_code(builder.build()) == INVALID


def test_it_limits_nodes():  # K12
    check_glb(models.make_nodes_glb(count=10_000))
    started = time.process_time()
    assert fail_code(models.make_nodes_glb(count=200_000)) == "result_too_complex"
    assert time.process_time() - started < 3


def test_it_follows_a_long_chain_of_nodes():
    builder = models.build_box()
    builder.tree["nodes"] += [{"children": [number]} for number in range(9_999)]
    builder.tree["scenes"] = [{"nodes": [9_999]}]
    check_glb(builder.build())


def test_it_refuses_circles_and_second_parents():
    circle = models.build_box()
    circle.tree["nodes"] += [{"children": [2]}, {"children": [1]}]
    shared = models.build_box()
    shared.tree["nodes"] += [{"children": [0]}, {"children": [0]}]
    assert fail_code(circle.build()) == fail_code(shared.build()) == INVALID


def test_it_limits_triangles_however_often_they_are_shown():  # K12
    builder = models.build_sphere(faces=20_000)
    builder.tree["nodes"] += [{"mesh": 0} for _ in range(1_100)]
    builder.tree["scenes"] = [{"nodes": list(range(1_101))}]
    assert fail_code(builder.build()) == "result_too_complex"


def test_it_limits_pieces():
    builder = models.build_box()
    builder.tree["meshes"][0]["primitives"] *= 10_001
    assert fail_code(builder.build()) == "result_too_complex"


@pytest.mark.parametrize("picture", [SVG, HTML, b"", b"GIF89a" + b"\0" * 20])
def test_it_refuses_pictures_that_are_none(picture):  # K14
    builder = models.build_box()
    builder.add_texture(picture, mime="image/png")
    assert fail_code(builder.build()) == INVALID


def test_it_limits_pictures_that_claim_the_same_bytes():
    builder = models.build_box()
    view = builder.add_view(models.make_picture() + b"\0" * 500_000)
    builder.tree["images"] = [{"bufferView": view}] * 1_000
    assert fail_code(builder.build()) == "result_too_complex"


@pytest.mark.parametrize("name", ["EVIL_ext", "KHR_draco_mesh_compression"])
def test_it_accepts_an_unknown_extension_but_does_not_convert(name):  # K16
    glb = change(models.build_box(), extensionsRequired=[name], extensionsUsed=[name])
    check_glb(glb)
    assert convert_glb(glb, format="glb", name="box") == glb
    for format in ("obj", "stl", "ply", "usdz"):
        with pytest.raises(MeshError) as caught:
            convert_glb(glb, format=format, name="box")
        assert caught.value.code == "conversion_unsupported"


def test_it_accepts_draco():  # K16
    builder = models.build_box()
    for accessor in builder.tree["accessors"]:
        del accessor["bufferView"]
    packed = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": 0}}}
    glb = change(builder, "meshes", 0, "primitives", 0, extensions=packed)
    check_glb(glb)
    facts = measure_mesh(glb)
    assert (facts.faces, facts.vertices, facts.watertight, facts.bounds) == (12, 8, None, None)
    with pytest.raises(MeshError, match="compressed"):
        read_mesh(glb)


def test_it_accepts_meshopt():
    builder = models.build_box()
    builder.tree["buffers"] = []
    for view in builder.tree["bufferViews"]:
        view["extensions"] = {"EXT_meshopt_compression": {"buffer": 0}}
    glb = builder.build()
    check_glb(glb)
    with pytest.raises(MeshError, match="compressed"):
        read_mesh(glb)


def test_it_limits_bytes():  # K18
    whole = models.make_large_glb(length=MAX_BYTES)
    assert len(whole) == MAX_BYTES
    check_glb(whole)
    assert fail_code(whole + b"\0") == "result_too_large"


@pytest.mark.parametrize(
    "fields", [{"nodes": []}, {"meshes": [{"primitives": []}], "nodes": [{"mesh": 0}]}, {"scenes": [{"nodes": []}]}]
)
def test_it_refuses_a_model_without_triangles(fields):
    builder = models.build_box()
    builder.tree.update(fields)
    if fields.get("nodes") == []:
        builder.tree["scenes"] = [{}]
    assert fail_code(builder.build()) == "result_empty_model"


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_it_refuses_points_and_lines(mode):
    assert fail_code(change(models.build_box(), "meshes", 0, "primitives", 0, mode=mode)) == "result_empty_model"


def test_it_refuses_a_model_that_is_a_point():
    assert fail_code(models.make_box_glb(scale=[0, 0, 0])) == "result_empty_model"
    check_glb(models.make_box_glb(scale=[1, 1, 0]))


def test_it_survives_damage():
    """Whatever bytes change or are missing, there is a MeshError or a model, and soon."""
    good = models.make_sphere_glb(textured=True, faces=300)
    dice = np.random.default_rng(7)
    refused = 0
    for _ in range(200):
        glb = bytearray(good)
        for place in dice.integers(0, min(len(glb), 3000) if dice.random() < 0.7 else len(glb), dice.integers(1, 6)):
            glb[place] ^= int(dice.integers(1, 256))
        if dice.random() < 0.3:
            del glb[int(dice.integers(0, len(glb))) :]
            struct.pack_into("<I", glb, 8, len(glb)) if len(glb) >= 12 else None
        refused += not survives(bytes(glb))
    assert 50 < refused < 200


def survives(glb: bytes) -> bool:
    started = time.process_time()
    try:
        check_glb(glb)
        measure_mesh(glb)
        for format in ("obj", "stl", "ply", "usdz"):
            convert_glb(glb, format=format, name="model")
    except MeshError:
        return False
    finally:
        assert time.process_time() - started < 1
    return True


def test_the_error_survives_a_trip_between_processes():
    error = pickle.loads(pickle.dumps(MeshError("conversion_failed", "It failed.", "Try again.")))
    assert (error.code, error.message, error.hint, str(error)) == (
        "conversion_failed",
        "It failed.",
        "Try again.",
        "It failed.",
    )
