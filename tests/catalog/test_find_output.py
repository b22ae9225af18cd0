"""Where is the model in what FAL returns? Every endpoint's own result, and odd ones."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from jobs.catalog import EngineEntry, build_arguments, find_engine, find_output
from tests.virtual_fal.running import VirtualFal, run_virtual_fal
from tests.virtual_fal.tests.caller import Caller, draw_picture

from .cases import EVERY_AT_FAL, take_urls

TRIPO = find_engine("tripo-v2.5")
MODEL = "https://v3.fal.media/files/r/1/model.glb"
FBX = "https://v3.fal.media/files/r/1/model.fbx"
PREVIEW = "https://v3.fal.media/files/r/1/preview.webp"


@pytest.fixture(scope="module")
def fal() -> Iterator[VirtualFal]:
    with run_virtual_fal(run_seconds=0.02, concurrency=0, glb_mb=0.05) as fal:
        yield fal


@pytest.fixture
def caller(fal: VirtualFal) -> Iterator[Caller]:
    headers = {"Authorization": f"Key {fal.key}"}
    with httpx.Client(base_url=fal.base_url, headers=headers, trust_env=False, timeout=60) as client:
        yield Caller(client)


def run(caller: Caller, engine: EngineEntry, **options: Any) -> dict[str, Any]:
    """What FAL returns for these options, with as few pictures as the engine needs."""
    picture = f"data:image/png;base64,{base64.b64encode(draw_picture()).decode()}"
    urls = dict.fromkeys(take_urls(engine), picture)
    job = caller.submit(engine.endpoint, **build_arguments(engine, options=options, image_urls=urls))
    result: dict[str, Any] = caller.get_result(job).raise_for_status().json()
    return result


def test_it_works() -> None:
    result = {
        "task_id": "1",
        "model_mesh": {"url": MODEL, "content_type": "application/octet-stream", "file_size": 9},
        "rendered_image": {"url": PREVIEW},
        "extra": {"url": FBX, "file_name": "model.fbx", "file_size": 7},
    }
    output = find_output(TRIPO, result)
    assert (output.model_url, output.preview_url) == (MODEL, PREVIEW)
    (other,) = output.others
    assert (other.role, other.url, other.name, other.size) == ("extra", FBX, "model.fbx", 7)


@EVERY_AT_FAL
def test_it_finds_the_model_of_each_endpoint(engine: EngineEntry, caller: Caller) -> None:
    output = find_output(engine, run(caller, engine))
    assert output.model_url is not None
    assert caller.http.get(output.model_url).content[:4] == b"glTF"
    assert (output.preview_url is not None) == bool(engine.preview_keys)
    assert not {output.model_url, output.preview_url} & {file.url for file in output.others}


def test_quads_are_found_as_fbx(caller: Caller) -> None:
    output = find_output(TRIPO, run(caller, TRIPO, quad=True))
    assert output.model_url is not None
    assert output.model_url.endswith(".fbx")


def test_all_other_files_are_listed_with_their_roles(caller: Caller) -> None:
    output = find_output(find_engine("meshy-v6"), run(caller, find_engine("meshy-v6")))
    assert [file.role for file in output.others] == [
        "model_urls.fbx", "model_urls.obj", "model_urls.usdz", "model_urls.stl", "texture_urls.base_color",
    ]  # fmt: skip


@pytest.mark.parametrize("scenario", ["no-model", "model-null", "model-url-null", "model-url-number", "model-url-text",
                                      "model-list"])  # fmt: skip
def test_there_may_be_no_model(scenario: str, caller: Caller, fal: VirtualFal) -> None:
    fal.script(scenario, count=1)
    output = find_output(TRIPO, run(caller, TRIPO))
    assert output.model_url is None
    assert output.preview_url is not None


@pytest.mark.parametrize("scenario", ["two-models", "extra-fields", "only-pbr-model", "only-base-model",
                                      "only-model-urls", "no-preview", "octet-stream"])  # fmt: skip
def test_odd_results_hold_a_model(scenario: str, caller: Caller, fal: VirtualFal) -> None:
    fal.script(scenario, count=1)
    output = find_output(TRIPO, run(caller, TRIPO))
    assert output.model_url is not None
    assert caller.http.get(output.model_url).content[:4] == b"glTF"


@pytest.mark.parametrize(
    "result",
    [None, [], {}, "text", 5, True, [[], None], {"detail": "no"}, {"model_mesh": []}, {"model_mesh": {}},
     {"model_mesh": {"url": "no address"}}, {"model_mesh": {"url": "https://["}}, {"model_mesh": {"url": [MODEL]}},
     {"model_mesh": {"url": f"https://a/{'a' * 5_000}"}}, {"model_urls": {"glb": None}}, {"docs": MODEL}],
)  # fmt: skip
def test_what_is_no_result_holds_nothing(result: Any) -> None:
    output = find_output(TRIPO, result)
    assert (output.model_url, output.preview_url, output.others) == (None, None, ())


@pytest.mark.parametrize(
    ("result", "found"),
    [
        ({"model_mesh": {"url": FBX}, "model_urls": {"glb": {"url": MODEL}, "fbx": {"url": FBX}}}, MODEL),
        ({"model_mesh": {"url": "https://a/assets.zip"}, "model_glb": {"url": MODEL}}, MODEL),
        ({"model_mesh": MODEL}, MODEL),
        ({"model_urls": {"glb": MODEL}}, MODEL),
        ({"model_mesh": [{"url": MODEL}, {"url": "https://a/second.glb"}]}, MODEL),
        ({"base_model": {"url": "https://a/b"}, "pbr_model": {"url": "https://a/p"}}, "https://a/p"),
        ({"base_model": {"url": "https://a/b"}, "pbr_model": None}, "https://a/b"),
        ({"model_mesh": {"url": PREVIEW}, "later": {"url": MODEL}}, MODEL),
        ({"new_name": {"url": "https://a/x?y=1", "content_type": "model/gltf-binary"}}, "https://a/x?y=1"),
        ({"new_name": {"nested": {"url": "https://a/x.GLB"}}}, "https://a/x.GLB"),
        ({"model_glb": None, "model_urls": {"obj": {"url": "https://a/x.obj"}}}, "https://a/x.obj"),
        ({"anything": {"url": "https://a/x.zip"}}, "https://a/x.zip"),
        # Refused by the download, with its own reason.
        ({"model_mesh": {"url": "file:///etc/passwd"}}, "file:///etc/passwd"),
    ],
)  # fmt: skip
def test_the_best_of_several_is_taken(result: dict[str, Any], found: str) -> None:
    assert find_output(TRIPO, result).model_url == found


def test_wrong_words_about_a_file_do_no_harm() -> None:
    odd = {"url": FBX, "file_name": 5, "content_type": {}, "file_size": "many"}
    (other,) = find_output(TRIPO, {"model_mesh": {"url": MODEL}, "odd": odd}).others
    assert (other.name, other.content_type, other.size) == ("", "", None)


def test_a_huge_or_deep_result_is_read_in_part() -> None:
    deep: Any = {"url": "https://a/deep.glb"}
    for _ in range(900):
        deep = {"in": deep}
    files = [{"url": f"https://a/{number}.txt"} for number in range(10_000)]
    output = find_output(TRIPO, {"model_mesh": {"url": MODEL}, "deep": deep, "files": files})
    assert output.model_url == MODEL
    assert len(output.others) == 99
