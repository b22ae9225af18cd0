"""What may be asked of an engine?"""

from __future__ import annotations

from typing import Any

import pytest

from jobs.catalog import EngineEntry, check_options, find_engine
from jobs.errors import JobError

from .cases import EVERY


def test_it_works() -> None:
    assert check_options(find_engine("tripo-v2.5"), {"face_limit": "8000", "texture": "hd", "quad": "true"}) == {
        "texture": "hd", "pbr": True, "texture_alignment": "original_image", "orientation": "default",
        "auto_size": False, "quad": True, "face_limit": 8_000,
    }  # fmt: skip


@EVERY
def test_defaults_are_settled_and_stay(engine: EngineEntry) -> None:
    """What a retry checks again is what the first run was given."""
    once = check_options(engine, {})
    assert check_options(engine, once) == once


def test_face_limit_is_the_engines_own_unless_asked() -> None:
    assert "face_limit" not in check_options(find_engine("tripo-v2.5"), {})


@EVERY
def test_an_unknown_option_is_refused(engine: EngineEntry) -> None:
    with pytest.raises(JobError, match="has no option 'textur'") as caught:
        check_options(engine, {"textur": "hd"})
    assert caught.value.code == "unknown_parameter"
    assert caught.value.details == {"parameter": "textur"}


@pytest.mark.parametrize(
    ("engine", "name"),
    [("trellis", "face_limit"), ("meshy-v6", "seed"), ("triposr", "texture"), ("rodin", "texture"),
     ("hunyuan3d-v3", "seed"), ("local", "pbr")],
)  # fmt: skip
def test_a_common_field_that_the_engine_lacks_is_refused(engine: str, name: str) -> None:
    with pytest.raises(JobError) as caught:
        check_options(find_engine(engine), {name: 5_000})
    assert caught.value.code == "unknown_parameter"


@pytest.mark.parametrize(
    ("engine", "name", "value"),
    [("tripo-p1", "face_limit", 20_001), ("tripo-p1", "face_limit", 47), ("tripo-p1", "texture", "hd"),
     ("hunyuan3d-v3", "face_limit", 39_999), ("meshy-v6", "face_limit", 300_001), ("rodin", "seed", 65_536),
     ("trellis", "mesh_simplify", 0.99), ("trellis-2", "resolution", 2_048), ("tripo-v2.5", "pbr", "maybe"),
     ("tripo-v2.5", "texture", "HD"), ("rodin-v2.5", "tier", "Gen-2.5-Ultra"), ("trellis", "texture", "none")],
)  # fmt: skip
def test_a_value_outside_of_the_engines_range_is_refused(engine: str, name: str, value: Any) -> None:
    with pytest.raises(JobError) as caught:
        check_options(find_engine(engine), {name: value})
    assert caught.value.code == "invalid_parameter"
    assert caught.value.details == {"parameter": name}


def test_a_size_from_a_list_may_come_as_a_number() -> None:
    assert check_options(find_engine("trellis-2"), {"resolution": 1536})["resolution"] == "1536"


@pytest.mark.parametrize(
    ("engine", "given", "idle"),
    [
        ("tripo-v2.5", {"texture": "none", "pbr": True}, {"pbr", "texture_alignment", "texture_seed"}),
        ("tripo-h3.1", {"texture": "none"}, {"pbr", "texture_alignment", "texture_seed"}),
        ("hunyuan3d-v3", {"generate_type": "Normal", "polygon_type": "quadrilateral"}, {"polygon_type"}),
        ("hunyuan3d-v3.1-pro", {"generate_type": "Geometry", "pbr": True}, {"pbr"}),
        ("rodin-v2.5", {"texture": "none", "material": "PBR"}, {"material", "texture_delight"}),
        ("meshy-v6", {"texture": "none", "pbr": True, "texture_prompt": "wood"}, {"pbr", "texture_prompt"}),
    ],
)
def test_what_means_nothing_beside_the_rest_is_left_out(engine: str, given: dict[str, Any], idle: set[str]) -> None:
    assert not idle & set(check_options(find_engine(engine), given))
