"""Does a preview show the model: all of it, from the right side, in its own colours?"""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from jobs.meshes import MeshError, read_mesh
from jobs.previews import render_preview, render_view
from jobs.previews.camera import place_camera
from tests import models


def draw_silhouette(glb: bytes, *, size: int, azimuth: float, elevation: float) -> np.ndarray:
    """The filled triangles, drawn by another library."""
    mesh = read_mesh(glb)
    scale = np.ptp(mesh.positions, axis=0).max()
    centre = (mesh.positions.max(axis=0) + mesh.positions.min(axis=0)) / 2
    points = (mesh.positions - centre) / scale
    places, _ = place_camera(points, azimuth=azimuth, elevation=elevation).project(points, size=size)
    picture = np.zeros((size, size), np.uint8)
    fixed = np.round((places - 0.5) * 256).astype(np.int32)  # pixel centres at whole numbers, eight bits of fraction
    for triangle in fixed[mesh.faces]:
        cv2.fillConvexPoly(picture, triangle, 255, lineType=cv2.LINE_8, shift=8)
    return picture > 0


def colour_at(pixels: np.ndarray, x: float, y: float) -> tuple[int, ...]:
    size = len(pixels)
    return tuple(int(value) for value in pixels[int(y * size), int(x * size)])


def test_it_works():
    picture = Image.open(io.BytesIO(render_preview(models.make_sphere_glb(textured=True))))
    assert (picture.format, picture.mode, picture.size) == ("WEBP", "RGBA", (512, 512))
    pixels = np.asarray(picture)
    assert pixels[[0, 0, -1, -1], [0, -1, 0, -1], 3].tolist() == [0, 0, 0, 0]
    assert pixels[256, 256, 3] == 255


@pytest.mark.parametrize("make", [models.make_box_glb, models.make_sphere_glb, models.make_parts_glb])
@pytest.mark.parametrize(("azimuth", "elevation"), [(28, 14), (0, 0), (200, -30)])
def test_the_silhouette_is_that_of_the_mesh(make, azimuth, elevation):
    glb = make()
    seen = render_view(glb, size=256, azimuth=azimuth, elevation=elevation)[..., 3] > 127
    wanted = draw_silhouette(glb, size=256, azimuth=azimuth, elevation=elevation)
    near = np.ones((3, 3), np.uint8)  # both may differ by a pixel along the outline, nowhere else
    assert not (cv2.erode(wanted.astype(np.uint8), near) & ~seen).any()
    assert not (seen & ~cv2.dilate(wanted.astype(np.uint8), near).astype(bool)).any()


def test_no_pixel_is_lost_between_triangles():
    alpha = render_view(models.make_sphere_glb(faces=20_000), size=256, azimuth=0, elevation=0)[..., 3]
    y, x = np.mgrid[:256, :256] + 0.5
    assert (alpha[np.hypot(x - 128, y - 128) < 110] == 255).all()


@pytest.mark.parametrize(
    "size", [(1, 1, 1), (1, 10, 1), (10, 1, 1), (1, 1, 30), (1, 1000, 1000), (1e-4, 1e-4, 2e-4), (1e6, 1e6, 1e5)]
)
@pytest.mark.parametrize(("azimuth", "elevation"), [(28, 14), (0, 0), (90, 0), (0, 90)])
def test_the_object_fills_the_frame_whatever_its_shape(size, azimuth, elevation):
    alpha = render_view(models.make_box_glb(size=size), size=128, azimuth=azimuth, elevation=elevation)[..., 3]
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if len(rows) == 0:
        assert min(size) / max(size) < 0.01  # a plate seen from its edge
        return
    longest = max(np.ptp(rows), np.ptp(columns)) + 1
    assert min(rows[0], columns[0], 127 - rows[-1], 127 - columns[-1]) >= 3
    assert longest >= 0.88 * 128


def test_the_front_is_seen_from_the_front():
    """Six sides of six colours; the camera's azimuth chooses among them."""
    builder = models.ModelBuilder()
    nodes = []
    sides = {(0, 0, 1): "red", (1, 0, 0): "green", (0, 0, -1): "blue", (0, 1, 0): "white"}
    paint = {"red": [1, 0, 0, 1], "green": [0, 1, 0, 1], "blue": [0, 0, 1, 1], "white": [1, 1, 1, 1]}
    for direction, name in sides.items():
        material = builder.add_material(baseColorFactor=paint[name])
        mesh = builder.add_mesh((models.BOX_CORNERS * 0.5).astype("<f4"), models.BOX_FACES, material=material)
        nodes.append(builder.add_node(mesh=mesh, translation=list(direction)))
    glb = builder.show(*nodes).build()

    def middle(azimuth: float, elevation: float = 0) -> int:
        pixels = render_view(glb, size=96, azimuth=azimuth, elevation=elevation)
        covered = pixels[pixels[..., 3] == 255][:, :3].astype(int)
        strongest = [(covered[:, c] > covered.sum(axis=1) * 0.6).sum() for c in range(3)]
        return int(np.argmax(strongest))

    assert [middle(0), middle(90), middle(180)] == [0, 1, 2]


def test_the_texture_lies_the_right_way():
    """On the front of the sphere u grows to the right (more red) and v downwards (more green)."""
    pixels = render_view(models.make_sphere_glb(textured=True, faces=5000), size=200, azimuth=90, elevation=0)
    left, right = colour_at(pixels, 0.3, 0.5), colour_at(pixels, 0.7, 0.5)
    high, low = colour_at(pixels, 0.5, 0.3), colour_at(pixels, 0.5, 0.7)
    assert right[0] > left[0] + 20
    assert low[1] > high[1] + 20


def test_vertex_colours_are_seen():
    pixels = render_view(models.make_coloured_glb(), size=128, azimuth=0, elevation=0)
    high_right, low_left = colour_at(pixels, 0.9, 0.1), colour_at(pixels, 0.1, 0.9)
    assert min(high_right[:3]) > 200
    assert max(low_left[:2]) < 120 < low_left[2]


def test_nearer_parts_hide_farther_ones():
    pixels = render_view(models.make_parts_glb(), size=128, azimuth=-45, elevation=0)  # green behind red
    row = pixels[100]
    assert not ((row[:, 1].astype(int) > row[:, 0].astype(int) + 60) & (row[:, 3] > 200)).any()


def one_triangle(*, double_sided: bool) -> bytes:
    builder = models.ModelBuilder()
    material = builder.add_material(baseColorFactor=[0.5, 0.5, 0.5, 1])
    builder.tree["materials"][material]["doubleSided"] = double_sided
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], "<f4")
    mesh = builder.add_mesh(corners, np.array([[0, 1, 2]], "<u2"), material=material)
    return builder.show(builder.add_node(mesh=mesh)).build()


@pytest.mark.parametrize(("paint", "page"), [(1.0, 255), (0.0, 20)], ids=["white on white", "black on black"])
def test_no_page_swallows_the_outline(paint, page):
    builder = models.build_sphere(faces=5000)
    builder.tree["materials"][0]["pbrMetallicRoughness"]["baseColorFactor"] = [paint, paint, paint, 1.0]
    pixels = render_view(builder.build(), size=128, azimuth=0, elevation=0, background=(page,) * 3)
    y, x = np.mgrid[:128, :128] + 0.5
    rim = np.abs(np.hypot(x - 64, y - 64) - 57.5) < 0.7  # the outermost whole pixels
    assert np.abs(pixels[rim][:, :3].astype(int) - page).min(axis=1).min() > 12


def test_backs_are_hidden_unless_the_material_has_two_sides():
    behind = {"size": 64, "azimuth": 180, "elevation": 0}
    assert not render_view(one_triangle(double_sided=False), **behind).any()
    seen = render_view(one_triangle(double_sided=True), **behind)
    front = render_view(one_triangle(double_sided=True), size=64, azimuth=0, elevation=0)
    assert seen[..., 3].any()
    assert abs(int(seen[..., 0].max()) - int(front[..., 0].max())) < 40  # lit, not a black back


def make_window(*, alpha: int, mode: str) -> bytes:
    """A red plate behind a green one, whose picture is clear or half clear."""
    builder = models.ModelBuilder()
    pane = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 255, 0, alpha)).save(pane, "PNG")
    glass = builder.add_material(texture=builder.add_texture(pane.getvalue()))
    builder.tree["materials"][glass]["alphaMode"] = mode
    red = builder.add_material(baseColorFactor=[1, 0, 0, 1])
    plate = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], "<f4")
    faces, uvs = np.array([[0, 1, 2], [0, 2, 3]], "<u2"), np.full((4, 2), 0.5, "<f4")
    front = builder.add_mesh(plate, faces, uvs=uvs, material=glass)
    back = builder.add_mesh(plate, faces, material=red)
    nodes = [builder.add_node(mesh=front, translation=[0, 0, 0.1]), builder.add_node(mesh=back)]
    return builder.show(*nodes).build()


@pytest.mark.parametrize(
    ("alpha", "mode", "red", "green"),
    [
        (100, "OPAQUE", False, True),
        (100, "MASK", True, False),
        (200, "MASK", False, True),
        (0, "BLEND", True, False),
        (128, "BLEND", True, True),
        (255, "BLEND", False, True),
    ],
)
def test_clear_surfaces_show_what_is_behind(alpha, mode, red, green):
    pixel = render_view(make_window(alpha=alpha, mode=mode), size=64, azimuth=0, elevation=0)[32, 32]
    assert (bool(pixel[0] > 150), bool(pixel[1] > 150), int(pixel[3])) == (red, green, 255)


def test_glass_alone_is_clear():
    builder = models.build_box()
    builder.tree["materials"][0].update(alphaMode="BLEND")
    builder.tree["materials"][0]["pbrMetallicRoughness"]["baseColorFactor"] = [1, 1, 1, 0.25]
    alpha = render_view(builder.build(), size=64, azimuth=0, elevation=0)[32, 32, 3]
    assert 50 < alpha < 80


def test_a_surface_that_only_glows_shows_its_picture():
    builder = models.build_sphere(textured=True)
    picture = builder.tree["materials"][0]["pbrMetallicRoughness"].pop("baseColorTexture")
    builder.tree["materials"][0].update(emissiveTexture=picture, emissiveFactor=[1, 1, 1])
    pixels = render_view(builder.build(), size=64, azimuth=90, elevation=0)
    assert int(pixels[32, 20, 0]) + 20 < int(pixels[32, 44, 0])


def test_the_bytes_are_the_same_every_time():
    glb = models.make_parts_glb()
    assert render_preview(glb) == render_preview(glb)


def test_a_background_can_be_chosen():
    pixels = render_view(models.make_box_glb(), size=64, azimuth=0, elevation=0, background=(10, 200, 30))
    assert colour_at(pixels, 0.0, 0.0) == (10, 200, 30, 255)
    assert (pixels[..., 3] == 255).all()


def test_a_broken_texture_leaves_the_surface_plain():
    builder = models.build_sphere(textured=True)
    broken = builder.add_view(models.make_picture()[:60])
    builder.tree["images"][0]["bufferView"] = broken
    assert render_view(builder.build(), size=64, azimuth=0, elevation=0)[32, 32, 3] == 255


def test_it_refuses_endless_overlaps():
    builder = models.build_box(size=(1, 1, 1e-3))
    builder.tree["nodes"] += [{"mesh": 0} for _ in range(2000)]
    builder.tree["scenes"] = [{"nodes": list(range(2001))}]
    with pytest.raises(MeshError) as caught:
        render_preview(builder.build())
    assert caught.value.code == "result_too_complex"


def test_it_refuses_what_it_cannot_read():
    with pytest.raises(MeshError) as caught:
        render_preview(b"glTF")
    assert caught.value.code == "result_invalid_glb"
