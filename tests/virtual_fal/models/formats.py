"""How does the stand-in model look in other formats? OBJ, STL, PLY, USDZ, FBX and a ZIP of assets, small but real."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import numpy as np

from .sphere import Mesh, paint_texture, shape_sphere

_ROWS = 24


def write_obj(mesh: Mesh, *, material_file: str = "") -> bytes:
    lines = [f"mtllib {material_file}\nusemtl model"] if material_file else []
    lines += [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in mesh.positions.tolist()]
    lines += [f"vt {u:.5f} {1 - v:.5f}" for u, v in mesh.coordinates.tolist()]
    lines += [f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in (mesh.triangles + 1).tolist()]
    return ("\n".join(lines) + "\n").encode()


def write_stl(mesh: Mesh) -> bytes:
    corners = mesh.positions[mesh.triangles]
    record = np.zeros(len(corners), dtype=[("normal", "<3f4"), ("corners", "<9f4"), ("attribute", "<u2")])
    record["corners"] = corners.reshape(-1, 9)
    return b"virtual FAL".ljust(80) + struct.pack("<I", len(corners)) + record.tobytes()


def write_ply(mesh: Mesh) -> bytes:
    head = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(mesh.positions)}\nproperty float x\nproperty float y\nproperty float z\nend_header\n"
    )
    return head.encode() + mesh.positions.tobytes()


def write_usdz(mesh: Mesh) -> bytes:
    """A USDZ is a ZIP without compression whose first file is a scene."""
    points = ", ".join(f"({x:.4f}, {y:.4f}, {z:.4f})" for x, y, z in mesh.positions.tolist())
    indices = ", ".join(map(str, mesh.triangles.ravel().tolist()))
    counts = ", ".join(["3"] * len(mesh.triangles))
    scene = (
        '#usda 1.0\n(\n    defaultPrim = "model"\n    upAxis = "Y"\n)\ndef Mesh "model"\n{\n'
        f"    point3f[] points = [{points}]\n    int[] faceVertexIndices = [{indices}]\n"
        f"    int[] faceVertexCounts = [{counts}]\n}}\n"
    )
    return _pack_files({"model.usda": scene.encode()}, compress=False)


def write_fbx() -> bytes:
    """The head of a binary FBX 7.4 and an empty list of nodes: enough to be told apart, nothing to convert."""
    return b"Kaydara FBX Binary  \x00\x1a\x00" + struct.pack("<I", 7400) + bytes(13) + bytes(160)


def write_asset_zip(rng: np.random.Generator, mesh: Mesh) -> bytes:
    material = b"newmtl model\nmap_Kd texture.jpg\n"
    files = {
        "model.obj": write_obj(mesh, material_file="model.mtl"),
        "model.mtl": material,
        "texture.jpg": paint_texture(rng, side=256),
    }
    return _pack_files(files, compress=True)


def write_format(name: str, *, variant: int) -> bytes:
    """The stand-in model of this variant in the format of this name."""
    rng = np.random.default_rng(variant)
    mesh = shape_sphere(rng, rows=_ROWS)
    writers: dict[str, Callable[[], bytes]] = {
        "obj": lambda: write_obj(mesh),
        "stl": lambda: write_stl(mesh),
        "ply": lambda: write_ply(mesh),
        "splat": lambda: np.pad(mesh.positions.view(np.uint8), ((0, 0), (0, 20))).tobytes(),
        "usdz": lambda: write_usdz(mesh),
        "fbx": write_fbx,
        "assets": lambda: write_asset_zip(rng, mesh),
        "mtl": lambda: b"newmtl model\nKd 0.8 0.8 0.8\n",
        "texture": lambda: paint_texture(rng, side=512),
    }
    return writers[name]()


def _pack_files(files: dict[str, bytes], *, compress: bool) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()
