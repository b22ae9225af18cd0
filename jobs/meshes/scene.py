"""Which triangles does a model show, and where do its nodes put them?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from .buffers import INDEX_COMPONENTS, Accessor
from .errors import MeshError, invalid_glb, too_complex
from .fields import Fields, read_index, read_indices, read_integer, read_numbers, read_object, read_objects

MAX_NODES: Final = 10_000
MAX_DRAWS: Final = 10_000
MAX_TRIANGLES: Final = 20_000_000
MAX_VERTICES: Final = 60_000_000

TRIANGLES: Final = 4
STRIP: Final = 5
FAN: Final = 6

Transform = npt.NDArray[np.float64]  # 4 x 4, for column vectors


@dataclass(frozen=True, kw_only=True)
class Primitive:
    """A piece of a mesh with one material; numbers are places in the document's lists."""

    attributes: dict[str, int]
    indices: int | None
    mode: int
    material: int | None
    packed: bool  # its arrays are inside a compression that we do not open
    vertices: int
    triangles: int


@dataclass(frozen=True, kw_only=True)
class Node:
    """A place in the scene."""

    transform: Transform
    mesh: int | None
    children: list[int]


@dataclass(frozen=True, kw_only=True)
class Draw:
    """A primitive where the scene shows it."""

    primitive: Primitive
    transform: Transform  # from the primitive's space to the world's


def read_draws(tree: Fields, *, accessors: Sequence[Accessor], materials: int) -> list[Draw]:
    """Everything that the scene shows, within the limits of what we compute."""
    entries = read_objects(tree, "meshes", where="")
    meshes = [
        _read_mesh(entry, accessors=accessors, materials=materials, where=f"mesh {number}")
        for number, entry in enumerate(entries)
    ]
    nodes = _read_nodes(tree, meshes=len(meshes))
    draws = list(_draw_nodes(nodes, roots=_read_roots(tree, nodes=nodes), meshes=meshes))
    shown = [draw.primitive for draw in draws]
    _check_totals(vertices=sum(p.vertices for p in shown), triangles=sum(p.triangles for p in shown))
    return draws


def _read_mesh(entry: Fields, *, accessors: Sequence[Accessor], materials: int, where: str) -> list[Primitive]:
    entries = read_objects(entry, "primitives", where=where)
    return [
        _read_primitive(each, accessors=accessors, materials=materials, where=f"primitive {number} of {where}")
        for number, each in enumerate(entries)
    ]


def _read_primitive(entry: Fields, *, accessors: Sequence[Accessor], materials: int, where: str) -> Primitive:
    attributes = _read_attributes(entry, accessors=accessors, where=where)
    indices = read_index(entry, "indices", where=where, size=len(accessors))
    if indices is not None and (accessors[indices].component not in INDEX_COMPONENTS or accessors[indices].width != 1):
        raise invalid_glb(f"indices of {where} are not whole numbers")
    mode = read_integer(entry, "mode", where=where, default=TRIANGLES)
    vertices = accessors[attributes["POSITION"]].count if "POSITION" in attributes else 0
    corners = vertices if indices is None else accessors[indices].count
    return Primitive(
        attributes=attributes,
        indices=indices,
        mode=mode,
        material=read_index(entry, "material", where=where, size=materials),
        packed="KHR_draco_mesh_compression" in read_object(entry, "extensions", where=where),
        vertices=vertices,
        triangles=_count_triangles(corners, mode=mode) if vertices else 0,
    )


def _read_attributes(entry: Fields, *, accessors: Sequence[Accessor], where: str) -> dict[str, int]:
    for target in read_objects(entry, "targets", where=where):
        for name in target:
            read_index(target, name, where=f"a target of {where}", size=len(accessors))
    found = read_object(entry, "attributes", where=where)
    attributes = {name: read_integer(found, name, where=where) for name in found}
    for name, number in attributes.items():
        if number >= len(accessors):
            raise invalid_glb(f"{name} of {where} names an accessor that does not exist")
        _check_attribute(name, accessor=accessors[number], where=where)
    if len({accessors[number].count for number in attributes.values()}) > 1:
        raise invalid_glb(f"the attributes of {where} differ in length")
    return attributes


def _check_attribute(name: str, *, accessor: Accessor, where: str) -> None:
    widths = {"POSITION": (3,), "NORMAL": (3,), "TEXCOORD": (2,), "COLOR": (3, 4)}.get(name.split("_")[0])
    if widths and accessor.width not in widths:
        raise invalid_glb(f"{name} of {where} has {accessor.width} numbers for each vertex")
    if name == "POSITION" and accessor.component == "<u4":
        raise invalid_glb(f"POSITION of {where} has a wrong type")


def _count_triangles(corners: int, *, mode: int) -> int:
    if mode == TRIANGLES:
        return corners // 3
    return max(corners - 2, 0) if mode in (STRIP, FAN) else 0


def _read_nodes(tree: Fields, *, meshes: int) -> list[Node]:
    found = tree.get("nodes")
    if isinstance(found, list) and len(found) > MAX_NODES:
        raise too_complex(f"it has {len(found):,} nodes; the limit is {MAX_NODES:,}")
    entries = read_objects(tree, "nodes", where="")
    nodes = [
        Node(
            transform=_read_transform(entry, where=f"node {number}"),
            mesh=read_index(entry, "mesh", where=f"node {number}", size=meshes),
            children=read_indices(entry, "children", where=f"node {number}", size=len(entries)),
        )
        for number, entry in enumerate(entries)
    ]
    _check_forest(nodes)
    return nodes


def _check_forest(nodes: Sequence[Node]) -> None:
    """Every node hangs from at most one other, and following them never comes back."""
    children = [child for node in nodes for child in node.children]
    if len(children) != len(set(children)):
        raise invalid_glb("a node has two parents")
    reached, waiting = 0, list(set(range(len(nodes))) - set(children))
    while waiting:
        reached += 1
        waiting.extend(nodes[waiting.pop()].children)
    if reached != len(nodes):
        raise invalid_glb("its nodes form a circle")


def _read_transform(entry: Fields, *, where: str) -> Transform:
    matrix = read_numbers(entry, "matrix", where=where, length=16)
    if matrix:
        return np.array(matrix, np.float64).reshape(4, 4).T
    transform = np.eye(4)
    turn = read_numbers(entry, "rotation", where=where, length=4)
    size = read_numbers(entry, "scale", where=where, length=3)
    place = read_numbers(entry, "translation", where=where, length=3)
    if turn:
        transform[:3, :3] = _rotation(turn, where=where)
    if size:
        transform[:3, :3] *= size
    if place:
        transform[:3, 3] = place
    return transform


def _rotation(turn: Sequence[float], *, where: str) -> Transform:
    length = max(abs(value) for value in turn)
    if length == 0 or length > 1e6:
        raise invalid_glb(f"rotation of {where} is not a rotation")
    x, y, z, w = np.array(turn) / np.linalg.norm(turn)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def _read_roots(tree: Fields, *, nodes: Sequence[Node]) -> list[int]:
    scenes = [
        read_indices(entry, "nodes", where=f"scene {number}", size=len(nodes))
        for number, entry in enumerate(read_objects(tree, "scenes", where=""))
    ]
    chosen = read_index(tree, "scene", where="the file", size=len(scenes))
    if scenes:
        return scenes[chosen or 0]
    children = {child for node in nodes for child in node.children}
    return [number for number in range(len(nodes)) if number not in children]


def _draw_nodes(nodes: Sequence[Node], *, roots: Sequence[int], meshes: Sequence[list[Primitive]]) -> Iterator[Draw]:
    seen: set[int] = set()
    drawn = 0
    waiting = [(root, np.eye(4)) for root in reversed(roots)]
    while waiting:
        number, above = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        node = nodes[number]
        with np.errstate(over="ignore", invalid="ignore"):  # judged once the points are known
            transform = above @ node.transform
        pieces = [] if node.mesh is None else meshes[node.mesh]
        drawn += len(pieces)
        if drawn > MAX_DRAWS:
            raise too_complex(f"it shows more than {MAX_DRAWS:,} separate pieces")
        yield from (Draw(primitive=piece, transform=transform) for piece in pieces if piece.triangles)
        waiting.extend((child, transform) for child in reversed(node.children))


def _check_totals(*, vertices: int, triangles: int) -> None:
    if triangles > MAX_TRIANGLES:
        raise too_complex(f"it shows {triangles:,} triangles; the limit is {MAX_TRIANGLES:,}")
    if vertices > MAX_VERTICES:
        raise too_complex(f"it shows {vertices:,} vertices; the limit is {MAX_VERTICES:,}")
    if triangles == 0:
        raise MeshError("result_empty_model", "The model shows no triangles.", "Try another picture or another engine.")
