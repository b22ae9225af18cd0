"""Are the models and pictures that FAL hands out real ones?"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from ..models.broken import BREAKERS
from ..models.formats import write_format
from ..models.local import is_local_engine_there
from ..models.previews import show_picture, show_sphere
from ..models.shelf import Shelf, Wanted
from ..models.sphere import build_sphere
from .caller import draw_picture


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    (tmp_path / "pictures").mkdir()
    return Shelf(tmp_path / "models", pictures=tmp_path / "pictures", models="sphere")


def load(content: bytes) -> trimesh.Trimesh:
    (mesh,) = trimesh.load_scene(io.BytesIO(content), file_type="glb").geometry.values()
    assert isinstance(mesh, trimesh.Trimesh)
    return mesh


@pytest.mark.parametrize("size", [60_000, 500_000, 4_000_000])
def test_it_works(size: int) -> None:
    content = build_sphere(variant=1, size=size).pack()
    mesh = load(content)
    assert size * 0.9 <= len(content) <= size * 1.1
    assert mesh.volume > 0.1
    assert float(np.linalg.norm(mesh.vertex_normals, axis=1).min()) == pytest.approx(1, abs=1e-3)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    assert mesh.is_watertight


def test_variants_differ() -> None:
    assert len({build_sphere(variant=number, size=60_000).pack() for number in range(8)}) == 8


@pytest.mark.parametrize("name", sorted(set(BREAKERS) - {"big-json"}))
def test_a_broken_one_is_not_the_sound_one(name: str) -> None:
    sound = build_sphere(variant=2, size=60_000)
    assert BREAKERS[name](sound) != sound.pack()


def test_other_formats_are_what_they_say() -> None:
    contents = {
        name: write_format(name, variant=1) for name in ("obj", "stl", "ply", "usdz", "fbx", "assets", "texture")
    }
    for name in ("obj", "stl", "ply"):
        assert len(trimesh.load(io.BytesIO(contents[name]), file_type=name).vertices) > 100
    assert zipfile.ZipFile(io.BytesIO(contents["usdz"])).namelist() == ["model.usda"]
    assert zipfile.ZipFile(io.BytesIO(contents["assets"])).testzip() is None
    assert contents["fbx"].startswith(b"Kaydara FBX Binary  \x00")
    assert Image.open(io.BytesIO(contents["texture"])).format == "JPEG"


def test_previews_are_pictures(tmp_path: Path) -> None:
    picture = tmp_path / "picture"
    picture.write_bytes(draw_picture())
    for content in (show_picture(picture), show_sphere(variant=1)):
        with Image.open(io.BytesIO(content)) as image:
            assert image.format == "WEBP"


async def test_a_huge_one_takes_no_room(shelf: Shelf) -> None:
    path = await shelf.fetch(Wanted("glb", size=200 * 1024 * 1024 + 1))
    assert path.stat().st_size == 200 * 1024 * 1024 + 1
    assert path.stat().st_blocks * 512 < 20_000_000
    with path.open("rb") as file:
        head = file.read(12)
    assert head[:4] == b"glTF"
    assert int.from_bytes(head[8:12], "little") == 200 * 1024 * 1024 + 1


async def test_a_large_one_is_sound_up_to_its_end(shelf: Shelf) -> None:
    path = await shelf.fetch(Wanted("glb", size=70 * 1024 * 1024))
    assert load(path.read_bytes()).volume > 0.1


async def test_a_file_is_made_once(shelf: Shelf) -> None:
    first = await shelf.fetch(Wanted("glb"))
    made = first.stat().st_mtime_ns
    assert (await shelf.fetch(Wanted("glb"))).stat().st_mtime_ns == made


@pytest.mark.skipif(not is_local_engine_there(), reason="the local engine is not there")
async def test_the_local_engine_makes_the_model_of_a_picture(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "abc").write_bytes(draw_picture(1, side=320))
    shelf = Shelf(tmp_path / "models", pictures=pictures, models="local")
    try:
        path = await shelf.fetch(Wanted("glb", "abc"))
        assert path.name == "glb-abc"
        assert load(path.read_bytes()).volume > 0
    finally:
        shelf.close()
