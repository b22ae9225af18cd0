"""Small models for tests: how a GLB is put together, sound or broken on purpose."""

from __future__ import annotations

import io
import json
import struct
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

COMPONENT_TYPES = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
WIDTH_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}

BOX_CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)], np.float32)
BOX_FACES = np.array(
    [0, 1, 3, 0, 3, 2, 4, 6, 7, 4, 7, 5, 0, 4, 5, 0, 5, 1, 2, 3, 7, 2, 7, 6, 0, 2, 6, 0, 6, 4, 1, 5, 7, 1, 7, 3]
)
BOX_FACES = BOX_FACES.astype("<u2").reshape(-1, 3)


@dataclass
class ModelBuilder:
    """Collects the parts of a GLB. ``tree`` is open to any change before ``build``."""

    tree: dict = field(default_factory=lambda: {"asset": {"version": "2.0", "generator": "tests"}})
    binary: bytearray = field(default_factory=bytearray)

    def add(self, key: str, entry: dict) -> int:
        self.tree.setdefault(key, []).append(entry)
        return len(self.tree[key]) - 1

    def add_view(self, data: bytes, **fields) -> int:
        start = len(self.binary)
        self.binary += data + b"\0" * (-len(data) % 4)
        return self.add("bufferViews", {"buffer": 0, "byteOffset": start, "byteLength": len(data), **fields})

    def add_array(self, array: np.ndarray, *, target: int | None = 34962, **fields) -> int:
        rows = array.reshape(len(array), -1)
        view = self.add_view(np.ascontiguousarray(rows).tobytes(), **({"target": target} if target else {}))
        kind = {"componentType": COMPONENT_TYPES[array.dtype.str[1:]], "type": WIDTH_TYPES[rows.shape[1]]}
        return self.add("accessors", {"bufferView": view, "count": len(rows), **kind, **fields})

    def add_texture(self, picture: bytes, *, mime: str = "image/png") -> int:
        image = self.add("images", {"bufferView": self.add_view(picture), "mimeType": mime})
        return self.add("textures", {"source": image})

    def add_material(self, *, texture: int | None = None, **surface) -> int:
        picture = {} if texture is None else {"baseColorTexture": {"index": texture}}
        return self.add(
            "materials", {"pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.9, **picture, **surface}}
        )

    def add_mesh(self, positions, faces, *, normals=None, uvs=None, colours=None, material=None, **fields) -> int:
        """A mesh of one primitive; arrays that are None are left out, ``faces`` None makes it unindexed."""
        positions = np.asarray(positions)
        limits = {"min": positions.min(axis=0).tolist(), "max": positions.max(axis=0).tolist()}
        attributes = {"POSITION": self.add_array(positions, **limits)}
        for name, array in (("NORMAL", normals), ("TEXCOORD_0", uvs), ("COLOR_0", colours)):
            if array is not None:
                attributes[name] = self.add_array(np.asarray(array))
        primitive = {"attributes": attributes, **fields}
        if faces is not None:
            primitive["indices"] = self.add_array(np.asarray(faces).reshape(-1, 1), target=34963)
        if material is not None:
            primitive["material"] = material
        return self.add("meshes", {"primitives": [primitive]})

    def add_node(self, **fields) -> int:
        return self.add("nodes", fields)

    def show(self, *nodes: int) -> ModelBuilder:
        self.tree["scene"] = self.add("scenes", {"nodes": list(nodes)})
        return self

    def build(self) -> bytes:
        if self.binary:
            self.tree["buffers"] = [{"byteLength": len(self.binary)}]
        return pack_glb(json.dumps(self.tree, separators=(",", ":")).encode(), self.binary)


def pack_glb(text: bytes, binary: bytes | bytearray = b"") -> bytes:
    """The two parts of a GLB with the right lengths, whatever is in them."""
    parts = [text, b" " * (-len(text) % 4)]
    padding = b"\0" * (-len(binary) % 4)
    parts.insert(0, struct.pack("<I4s", len(text) + len(parts[1]), b"JSON"))
    if binary:
        parts += [struct.pack("<I4s", len(binary) + len(padding), b"BIN\0"), binary, padding]
    return b"".join([struct.pack("<4sII", b"glTF", 2, 12 + sum(map(len, parts))), *parts])


def make_picture(*, size: int = 64, kind: str = "PNG") -> bytes:
    """A picture whose colour says where one is: red grows to the right, green downwards."""
    ramp = np.linspace(0, 255, size).astype(np.uint8)
    pixels = np.full((size, size, 3), 60, np.uint8)
    pixels[..., 0], pixels[..., 1] = ramp[None, :], ramp[:, None]
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **({"quality": 90} if kind != "PNG" else {}))
    return out.getvalue()


def build_box(*, size=(1.0, 1.0, 1.0), **node) -> ModelBuilder:
    """A closed box around the origin, one red material, without normals."""
    builder = ModelBuilder()
    material = builder.add_material(baseColorFactor=[0.8, 0.1, 0.1, 1.0])
    corners = (BOX_CORNERS * np.array(size)).astype(np.float32)
    mesh = builder.add_mesh(corners, BOX_FACES, material=material)
    return builder.show(builder.add_node(mesh=mesh, **node))


def make_box_glb(*, size=(1.0, 1.0, 1.0), **node) -> bytes:
    return build_box(size=size, **node).build()


def make_grid_sphere(rows: int, columns: int, *, radius: float = 0.5) -> tuple[np.ndarray, ...]:
    """Positions, faces, normals and texture coordinates of a sphere; its seam and poles are doubled vertices."""
    v, u = np.meshgrid(np.linspace(0, 1, rows + 1), np.linspace(0, 1, columns + 1), indexing="ij")
    around, down = 2 * np.pi * (u % 1.0), np.pi * v
    sine = np.where((v == 0) | (v == 1), 0.0, np.sin(down))  # the poles are exact points
    normals = np.stack([sine * np.sin(around), np.cos(down), sine * np.cos(around)], axis=-1).reshape(-1, 3)
    start = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).reshape(-1)
    below = start + columns + 1
    upper, lower = np.stack([start, below, start + 1], 1), np.stack([start + 1, below, below + 1], 1)
    faces = np.concatenate([upper[columns:], lower[:-columns]])
    uvs = np.stack([u, v], axis=-1).reshape(-1, 2)
    return (normals * radius).astype("<f4"), faces.astype("<u4"), normals.astype("<f4"), uvs.astype("<f4")


def build_sphere(*, textured: bool = False, faces: int = 2000, radius: float = 0.5, kind: str = "PNG") -> ModelBuilder:
    """A sphere of about ``faces`` triangles; textured or blue."""
    columns = max(4, round((faces * 0.5) ** 0.5))
    positions, triangles, normals, uvs = make_grid_sphere(max(3, faces // (2 * columns) + 1), columns, radius=radius)
    builder = ModelBuilder()
    if textured:
        texture = builder.add_texture(make_picture(kind=kind), mime=f"image/{kind.lower()}")
        material = builder.add_material(texture=texture)
    else:
        material = builder.add_material(baseColorFactor=[0.1, 0.2, 0.7, 1.0])
    mesh = builder.add_mesh(positions, triangles, normals=normals, uvs=uvs if textured else None, material=material)
    return builder.show(builder.add_node(mesh=mesh, name="sphere"))


def make_sphere_glb(*, textured: bool = False, faces: int = 2000, radius: float = 0.5, kind: str = "PNG") -> bytes:
    return build_sphere(textured=textured, faces=faces, radius=radius, kind=kind).build()


def make_parts_glb() -> bytes:
    """Two boxes and a sphere of three materials, placed, turned and mirrored by nested nodes."""
    builder = ModelBuilder()
    red, green = (builder.add_material(baseColorFactor=[*rgb, 1.0]) for rgb in ([0.8, 0.1, 0.1], [0.1, 0.6, 0.2]))
    skin = builder.add_material(texture=builder.add_texture(make_picture()))
    boxes = [builder.add_mesh(BOX_CORNERS, BOX_FACES, material=material) for material in (red, green)]
    positions, faces, normals, uvs = make_grid_sphere(24, 32)
    ball = builder.add_mesh(positions, faces, normals=normals, uvs=uvs, material=skin)
    left = builder.add_node(mesh=boxes[0], translation=[-1.2, 0, 0])
    right = builder.add_node(mesh=boxes[1], translation=[1.2, 0, 0], scale=[-1, 1, 1])  # mirrored
    top = builder.add_node(mesh=ball, translation=[0, 1.0, 0])
    turn = [0.0, 0.3826834, 0.0, 0.9238795]
    return builder.show(builder.add_node(children=[left, right, top], rotation=turn)).build()


def make_nodes_glb(*, count: int) -> bytes:
    """A box behind ``count`` nodes."""
    builder = build_box()
    builder.tree["nodes"] += [{} for _ in range(count - 1)]
    return builder.build()


def make_coloured_glb() -> bytes:
    """A box with a colour at each corner."""
    builder = ModelBuilder()
    colours = np.concatenate([BOX_CORNERS + 0.5, np.ones((8, 1))], axis=1).astype("<f4")
    mesh = builder.add_mesh(BOX_CORNERS, BOX_FACES, colours=colours, material=builder.add_material())
    return builder.show(builder.add_node(mesh=mesh)).build()


def make_large_glb(*, length: int) -> bytes:
    """A sound model of exactly ``length`` bytes (a multiple of four), filled up in its binary part."""
    builder = build_box()
    builder.binary += bytes(length - len(builder.build()))
    excess = len(builder.build()) - length  # the new lengths have more digits
    del builder.binary[len(builder.binary) - excess :]
    return builder.build()
