"""What becomes of a model that harms whoever works on it? It is delivered; what cannot be made of it is said."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator

import pytest
from PIL import Image

from jobs import meshes, previews
from jobs.confined import models
from jobs.confined.child import Kind
from jobs.confined.limits import MEGABYTE, Limits
from jobs.confined.models import Workshop
from jobs.confined.pool import Pool
from jobs.converter import run_conversion
from jobs.meshes import MeshError
from jobs.models import Conversion
from jobs.services import request_formats
from jobs.services.formats import claim_conversion
from tests.factories import finish_job, make_job
from tests.fal.conftest import fal, fal_server, scene  # noqa: F401
from tests.models import build_sphere, make_box_glb, make_sphere_glb

PLENTY = Limits(memory_bytes=1024 * MEGABYTE, seconds=20, file_bytes=100 * MEGABYTE)


def make_pool(tasks: str = models.CHILD.tasks, *, limits: Limits = PLENTY, wall_seconds: float = 60) -> Pool:
    return Pool(Kind(tasks=tasks, limits=limits, wall_seconds=wall_seconds, idle_seconds=60), at_once=1)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """Work with a pool of the test's own."""
    pools: list[Pool] = []

    def use_pool(pool: Pool) -> None:
        pools.append(pool)
        monkeypatch.setattr(models, "_pool", pool)

    yield use_pool
    for pool in pools:
        pool.stop()


def convert(glb: bytes, format_id: str) -> bytes:
    with tempfile.TemporaryFile() as result:
        Workshop(glb).convert(result, format=format_id, name="box")
        result.seek(0)
        return result.read()


@pytest.mark.parametrize("format_id", ["obj", "stl", "ply", "usdz"])
def test_it_works(format_id: str) -> None:
    glb = make_sphere_glb(textured=True)
    assert convert(glb, format_id) == meshes.convert_glb(glb, format=format_id, name="box")


def test_it_measures_and_draws_the_same() -> None:
    glb = make_box_glb()
    assert Workshop(io.BytesIO(glb)).measure() == meshes.measure_mesh(glb)
    assert Workshop(glb).draw() == previews.render_preview(glb)


def test_refusals_come_through() -> None:
    with pytest.raises(MeshError) as caught:
        Workshop(b"glTF").measure()
    assert caught.value.code == "result_invalid_glb"


def test_row_11_a_model_that_takes_too_much_memory(use) -> None:
    """A texture of a few hundred kilobytes that takes 268 MB."""
    use(make_pool(limits=Limits(memory_bytes=300 * MEGABYTE, seconds=20, file_bytes=MEGABYTE)))
    glb = make_bomb()
    assert len(glb) < 1_000_000
    with pytest.raises(MeshError) as caught:
        convert(glb, "ply")
    assert caught.value.code == "conversion_failed"
    assert len(convert(make_box_glb(), "ply")) > 100  # the next one is not concerned


def make_bomb() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (8192, 8192)).save(buffer, "PNG", compress_level=9)
    builder = build_sphere(textured=True)
    view = builder.add_view(buffer.getvalue())
    builder.tree["images"][0]["bufferView"] = view
    return builder.build()


def test_a_result_that_is_too_large(use) -> None:
    use(make_pool(limits=Limits(memory_bytes=1024 * MEGABYTE, seconds=20, file_bytes=1000)))
    with pytest.raises(MeshError) as caught:
        convert(make_sphere_glb(), "stl")
    assert caught.value.code == "conversion_failed"


def test_all_formats_of_a_model_share_one_time(use, monkeypatch: pytest.MonkeyPatch) -> None:
    use(make_pool("tests.confined.poison_models"))
    monkeypatch.setattr(models, "TOGETHER_SECONDS", 1)
    workshop = Workshop(make_box_glb())
    for _ in range(2):
        with pytest.raises(MeshError), tempfile.TemporaryFile() as result:
            workshop.convert(result, format="ply", name="box")


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_poison_model_fails_its_own_formats(alice, scene, use) -> None:  # noqa: F811
    use(make_pool("tests.confined.poison_models", wall_seconds=10))  # what does not hang takes a tenth of that alone
    generation = scene.run(scene.make_job(alice, formats=("obj", "stl", "ply", "usdz")), seconds=60)
    assert generation.status == "completed"
    assert set(generation.warnings) == {f"conversion_failed:{name}" for name in ("obj", "stl", "ply")}
    assert set(generation.artifacts.values_list("role", "format")) == {
        ("model", "glb"), ("preview", "webp"), ("model", "usdz"),
    }  # fmt: skip
    assert scene.run(scene.make_job(alice, first=5)).status == "completed"
    assert len(scene.fal.submits()) == 2


@pytest.mark.django_db(transaction=True)
def test_a_model_that_nobody_can_look_at_is_delivered(alice, scene, use) -> None:  # noqa: F811
    use(make_pool("tests.confined.poison_previews"))
    generation = scene.run(scene.make_job(alice, formats=("stl",)), seconds=60)
    assert (generation.status, generation.warnings) == ("completed", ["conversion_failed:preview"])
    assert set(generation.artifacts.values_list("format", flat=True)) == {"glb", "stl"}


@pytest.mark.django_db(transaction=True)
def test_a_format_asked_for_later(alice, use) -> None:
    use(make_pool("tests.confined.poison_models"))
    generation = finish_job(make_job(alice)).generations.get()
    request_formats(generation, formats=["obj", "usdz"])
    while conversion := claim_conversion():
        run_conversion(conversion)
    assert dict(Conversion.objects.values_list("format", "status")) == {"obj": "failed", "usdz": "completed"}
    assert Conversion.objects.get(format="obj").error_code == "conversion_failed"


def test_work_in_a_crowd_yields_to_others() -> None:
    """And one child at a time is in memory."""
    try:
        Workshop(make_box_glb(), is_crowded=True).measure()
        [child] = models._crowd_pool._idle
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == models.CROWD_NICENESS
        Workshop(make_box_glb()).measure()
        [child] = models._pool._idle
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == os.getpriority(os.PRIO_PROCESS, 0)
        assert models._crowd_pool._idle == []
    finally:
        models._pool.stop()
        models._crowd_pool.stop()
