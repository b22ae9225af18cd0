"""What is sent to FAL? Judged by the virtual FAL's own table of endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.catalog import EngineEntry, build_arguments, find_engine, find_result_format
from jobs.errors import JobError
from tests.virtual_fal.endpoints import ENDPOINTS
from tests.virtual_fal.inputs import Picture, check_input, list_picture_urls

from .cases import EVERY_AT_FAL, list_cases, take_urls

FRONT = {"front": "https://v3.fal.media/files/a.png"}
PICTURE = Picture(format="PNG", width=512, height=512, size=100_000)


def check_with_fal(engine: EngineEntry, arguments: dict[str, Any]) -> None:
    """FAL would run this, and knows every key of it."""
    endpoint = ENDPOINTS[engine.endpoint]
    assert set(arguments) <= set(endpoint.inputs)
    failure = check_input(endpoint, arguments, find_picture=lambda url: PICTURE)
    assert failure is None, failure


def test_it_works() -> None:
    options = {"face_limit": 8_000, "texture": "hd", "seed": 7}
    assert build_arguments(find_engine("tripo-v2.5"), options=options, image_urls=FRONT) == {
        "image_url": FRONT["front"], "face_limit": 8_000, "texture": "HD", "seed": 7, "pbr": True,
        "texture_alignment": "original_image", "orientation": "default", "auto_size": False, "quad": False,
    }  # fmt: skip


@pytest.mark.parametrize(("engine", "options"), list_cases())
def test_fal_takes_every_value_of_every_option(engine: EngineEntry, options: dict[str, Any]) -> None:
    check_with_fal(engine, build_arguments(engine, options=options, image_urls=take_urls(engine)))


@EVERY_AT_FAL
def test_fal_takes_the_least_and_the_most_pictures(engine: EngineEntry) -> None:
    for urls in (take_urls(engine), take_urls(engine, count=engine.max_images)):
        arguments = build_arguments(engine, options={}, image_urls=urls)
        check_with_fal(engine, arguments)
        sent = [url for _, url in list_picture_urls(ENDPOINTS[engine.endpoint], arguments)]
        assert sorted(sent) == sorted(urls.values())


@EVERY_AT_FAL
def test_an_unknown_option_is_refused(engine: EngineEntry) -> None:
    with pytest.raises(JobError) as caught:
        build_arguments(engine, options={"style": "clay"}, image_urls=take_urls(engine))
    assert caught.value.code == "unknown_parameter"


@EVERY_AT_FAL
def test_pictures_without_a_front_are_refused(engine: EngineEntry) -> None:
    with pytest.raises(JobError, match="front view"):
        build_arguments(engine, options={}, image_urls={"back": "https://v3.fal.media/files/b.png"})


@pytest.mark.parametrize(
    ("engine", "options", "sent"),
    [
        # PBR would force a texture, and with it the higher price.
        ("tripo-v2.5", {"texture": "none"}, {"texture": "no", "pbr": False}),
        ("tripo-v2.5", {"texture": "none", "pbr": True}, {"texture": "no", "pbr": False}),
        ("tripo-v2.5", {"texture": "standard", "pbr": False}, {"texture": "standard", "pbr": False}),
        ("tripo-h3.1", {"texture": "hd"}, {"texture": True, "texture_quality": "detailed", "pbr": True}),
        ("tripo-h3.1", {"texture": "none"}, {"texture": False, "pbr": False}),
        ("tripo-h3.1", {"seed": 5}, {"model_seed": 5}),
        ("tripo-p1", {"texture": "none", "seed": 5}, {"texture": False, "model_seed": 5}),
        ("trellis", {"texture": "hd"}, {"texture_size": 2_048}),
        ("trellis-2", {"resolution": "512"}, {"resolution": 512, "texture_size": 2_048}),
        ("hunyuan3d-v2", {}, {"textured_mesh": True}),
        ("hunyuan3d-v2", {"texture": "none"}, {"textured_mesh": False}),
        ("hunyuan3d-v3", {"face_limit": 50_000, "pbr": True}, {"face_count": 50_000, "enable_pbr": True}),
        ("triposr", {}, {"output_format": "glb"}),
        ("rodin", {"high_pack": True}, {"addons": "HighPack", "condition_mode": "concat"}),
        ("rodin", {}, {"geometry_file_format": "glb"}),
        ("rodin-v2.5", {"high_pack": True}, {"addons": {"high_pack": True}}),
        ("rodin-v2.5", {"texture": "hd"}, {"hd_texture": True, "material": "PBR"}),
        ("rodin-v2.5", {"texture": "none"}, {"material": "None"}),
        ("meshy-v6", {"face_limit": 9_000, "texture": "none"}, {"target_polycount": 9_000, "should_texture": False}),
        ("meshy-v6", {"pose_mode": "a-pose"}, {"pose_mode": "a-pose"}),
    ],
)  # fmt: skip
def test_our_words_become_fals(engine: str, options: dict[str, Any], sent: dict[str, Any]) -> None:
    arguments = build_arguments(find_engine(engine), options=options, image_urls=FRONT)
    assert arguments | sent == arguments


@pytest.mark.parametrize(
    ("engine", "options", "unsent"),
    [
        ("tripo-v2.5", {}, {"face_limit", "seed", "texture_seed"}),
        ("trellis", {}, {"texture_size"}),
        ("hunyuan3d-v3", {}, {"polygon_type", "face_count"}),
        ("rodin-v2.5", {}, {"addons", "prompt"}),
        ("meshy-v6", {"texture": "none", "pbr": True}, {"enable_pbr"}),
        ("meshy-v6", {}, {"pose_mode", "texture_prompt"}),
    ],
)
def test_what_nobody_asked_for_is_left_to_the_engine(engine: str, options: dict[str, Any], unsent: set[str]) -> None:
    arguments = build_arguments(find_engine(engine), options=options, image_urls=FRONT)
    assert not unsent & set(arguments)


@pytest.mark.parametrize(
    ("engine", "views", "sent"),
    [
        ("tripo-v2.5-multiview", "back front", {"front_image_url": "front", "back_image_url": "back"}),
        ("tripo-h3.1-multiview", "right left back front", {"image_urls": ["front", "left", "back", "right"]}),
        ("trellis-multi", "top front", {"image_urls": ["front", "top"]}),
        ("hunyuan3d-v2-multiview", "back left front",
         {"front_image_url": "front", "left_image_url": "left", "back_image_url": "back"}),
        ("hunyuan3d-v3", "left front", {"input_image_url": "front", "left_image_url": "left"}),
        ("hunyuan3d-v3.1-pro", "right_front front",
         {"input_image_url": "front", "right_front_image_url": "right_front"}),
        ("rodin", "back front", {"input_image_urls": ["front", "back"]}),
        ("rodin-v2.5", "front", {"image_urls": ["front"]}),
    ],
)  # fmt: skip
def test_each_view_lands_in_its_place(engine: str, views: str, sent: dict[str, Any]) -> None:
    """Whatever order they come in."""
    urls = {view: view for view in views.split()}
    arguments = build_arguments(find_engine(engine), options={}, image_urls=urls)
    found = {key: value for key, value in arguments.items() if key.endswith(("_url", "_urls"))}
    assert found == sent


def test_quads_come_as_fbx() -> None:
    tripo = find_engine("tripo-v2.5")
    assert find_result_format(tripo, options={"quad": True}) == "fbx"
    assert find_result_format(tripo, options={}) == "glb"
    assert ENDPOINTS[tripo.endpoint].model_format({"quad": True}) == "fbx"
