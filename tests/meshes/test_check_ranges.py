"""Does the check refuse every number and reference that points out of the model?"""

from __future__ import annotations

import struct

import numpy as np
import pytest

from jobs.meshes import read_mesh
from tests import models

from .breaking import change, fail_code, repack

INVALID = "result_invalid_glb"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (("accessors", 0), {"count": 2**31}),
        (("accessors", 0), {"count": -1}),
        (("accessors", 0), {"count": "8"}),
        (("accessors", 0), {"count": True}),
        (("accessors", 0), {"byteOffset": -4}),
        (("accessors", 0), {"byteOffset": 8}),
        (("accessors", 0), {"bufferView": 99}),
        (("accessors", 0), {"componentType": 9999}),
        (("accessors", 0), {"type": "VEC9"}),
        (("accessors", 0), {"type": ["VEC3"]}),
        (("accessors", 0), {"type": "VEC2"}),
        (("accessors", 0), {"min": [1, 0, 0], "max": [0, 0, 0]}),
        (("accessors", 0), {"min": [0, 0]}),
        (("accessors", 1), {"componentType": 5126, "count": 18}),
        (("bufferViews", 0), {"byteOffset": -12}),
        (("bufferViews", 0), {"byteLength": 2**31}),
        (("bufferViews", 0), {"byteOffset": 10_000}),
        (("bufferViews", 0), {"buffer": 3}),
        (("bufferViews", 0), {"byteStride": 3}),
        (("bufferViews", 0), {"byteStride": 4}),
        (("nodes", 0), {"mesh": 99}),
        (("nodes", 0), {"mesh": -1}),
        (("nodes", 0), {"children": [0]}),
        (("nodes", 0), {"children": [99]}),
        (("nodes", 0), {"children": "no"}),
        (("nodes", 0), {"matrix": [1, 0, 0]}),
        (("nodes", 0), {"rotation": [0, 0, 0, 0]}),
        (("nodes", 0), {"scale": [1e200, 1, 1]}),
        (("nodes", 0), {"translation": [1e30, 0, 0]}),
        (("scenes", 0), {"nodes": [99]}),
        ((), {"scene": 99}),
        ((), {"nodes": {}}),
        ((), {"nodes": [1]}),
        (("meshes", 0, "primitives", 0), {"material": 99}),
        (("meshes", 0, "primitives", 0), {"indices": 99}),
        (("meshes", 0, "primitives", 0), {"attributes": {"POSITION": 99}}),
        (("meshes", 0, "primitives", 0), {"attributes": {"POSITION": 0, "NORMAL": 1}}),
        (("meshes", 0, "primitives", 0), {"attributes": []}),
        (("meshes", 0, "primitives", 0), {"targets": [{"POSITION": 99}]}),
        (("materials", 0, "pbrMetallicRoughness"), {"baseColorTexture": {"index": 99}}),
        (("materials", 0, "pbrMetallicRoughness"), {"baseColorFactor": [1, 1]}),
        (("materials", 0), {"normalTexture": {"index": 0}}),
        ((), {"textures": [{"source": 99}]}),
        ((), {"textures": [{"sampler": 99}]}),
        ((), {"images": [{"uri": "https://example.com/picture.png"}]}),
        ((), {"images": [{"uri": "../../../etc/passwd"}]}),
        ((), {"images": [{}]}),
        ((), {"extensionsRequired": "EVIL_ext"}),
    ],
    ids=str,
)
def test_it_refuses_references_out_of_range(path, fields):  # K08
    assert fail_code(change(models.build_box(), *path, **fields)) == INVALID


def test_it_refuses_a_buffer_outside_of_the_file():
    glb = models.make_box_glb()
    text = glb[20 : 20 + struct.unpack_from("<I", glb, 12)[0]]
    for uri in ("file:///etc/passwd", "http://127.0.0.1/", "data:application/octet-stream;base64,%%%"):
        assert (
            fail_code(
                repack(glb, text=text.replace(b'"byteLength":168}]', b'"byteLength":168,"uri":"%s"}]' % uri.encode()))
            )
            == INVALID
        )


def sparse(**changes) -> models.ModelBuilder:
    """A box with one corner replaced by a sparse accessor."""
    builder = models.build_box()
    places = builder.add_view(np.array([7], "<u2").tobytes())
    values = builder.add_view(np.array([1, 1, 1], "<f4").tobytes())
    entry = {
        "count": 1,
        "indices": {"bufferView": places, "componentType": 5123},
        "values": {"bufferView": values},
    }
    builder.tree["accessors"][0]["sparse"] = entry | changes
    return builder


def test_it_reads_sparse_accessors():
    mesh = read_mesh(sparse().build())
    assert mesh.positions[7].tolist() == [1, 1, 1]
    assert mesh.positions[6].tolist() == [0.5, 0.5, -0.5]


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 9},
        {"indices": {"bufferView": 99, "componentType": 5123}},
        {"indices": {"bufferView": 0, "componentType": 5126}},
        {"indices": {"bufferView": 1, "componentType": 5123, "byteOffset": 71}},
        {"indices": {"bufferView": 0, "componentType": 5123, "byteOffset": 2}},  # floats read as places: far too large
        {"values": {"bufferView": 0, "byteOffset": 90}},
        {"values": {}},
    ],
    ids=str,
)
def test_it_refuses_sparse_accessors_out_of_range(changes):  # K08
    assert fail_code(sparse(**changes).build()) == INVALID


def test_it_refuses_an_index_without_a_vertex():
    builder = models.ModelBuilder()
    mesh = builder.add_mesh(models.BOX_CORNERS, np.array([[0, 1, 8]], "<u2"))
    assert fail_code(builder.show(builder.add_node(mesh=mesh)).build()) == INVALID
