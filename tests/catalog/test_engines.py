"""Does the table of engines hold together, and does it fit the endpoints that it names?"""

from __future__ import annotations

import pytest

from jobs import catalog, services
from jobs.catalog import EngineEntry
from jobs.errors import JobError
from tests.virtual_fal.endpoints import ENDPOINTS

from .cases import EVERY, EVERY_AT_FAL

IDS = (
    "local", "tripo-v2.5", "tripo-v2.5-multiview", "tripo-h3.1", "tripo-h3.1-multiview", "tripo-p1", "trellis",
    "trellis-multi", "trellis-2", "hunyuan3d-v2", "hunyuan3d-v2-turbo", "hunyuan3d-v2-mini", "hunyuan3d-v2-multiview",
    "hunyuan3d-v3", "hunyuan3d-v3.1-pro", "hunyuan3d-v3.1-rapid", "triposr", "rodin", "rodin-v2", "rodin-v2.5",
    "meshy-v6", "meshy-v6-multi",
)  # fmt: skip


def test_it_works() -> None:
    assert tuple(catalog.ENGINES) == IDS
    assert catalog.find_engine("tripo-v2.5").endpoint == "tripo3d/tripo/v2.5/image-to-3d"
    assert catalog.engines_of_queue("local") == ["local"]
    assert set(catalog.engines_of_queue("fal")) == set(IDS) - {"local"}


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(JobError, match="no engine 'tripo-v9'") as caught:
        catalog.find_engine("tripo-v9")
    assert caught.value.code == "invalid_parameter"


@EVERY
def test_it_says_what_people_need(engine: EngineEntry) -> None:
    assert engine.name
    assert engine.about.endswith(".")
    assert engine.licence.endswith(".")
    assert engine.typical_seconds > 0
    assert engine.formats == tuple(catalog.FORMATS)
    assert engine.price is not None or engine.price_note
    assert engine.views[0] == "front"
    assert set(engine.views) <= set(catalog.VIEWS)
    assert set(engine.required_views) <= set(engine.views)


@EVERY
def test_its_options_hold_together(engine: EngineEntry) -> None:
    names = [option.name for option in engine.options]
    assert len(set(names)) == len(names)
    for option in engine.options:
        assert option.label, option.name
        assert option.about.endswith("."), option.name
        assert (option.minimum is None) == (option.maximum is None), option.name
        assert option.default is None or option.check(option.default) == option.default, option.name
        assert set(option.values) <= {True, False, *option.choices}, option.name
        for needed, values in option.only_with.items():
            other = engine.option(needed)
            assert other is not None, option.name
            assert [other.check(value) for value in values] == list(values), option.name


@EVERY
def test_the_common_fields_mean_the_same_everywhere(engine: EngineEntry) -> None:
    for name, kind in (("face_limit", "integer"), ("texture", "string"), ("seed", "integer")):
        option = engine.option(name)
        assert option is None or option.type == kind
    texture = engine.option("texture")
    assert texture is None or set(texture.choices) <= {"standard", "hd", "none"}
    assert texture is None or texture.default == "standard"


@EVERY
def test_its_prices_belong_to_values_of_its_options(engine: EngineEntry) -> None:
    assert engine.price is not None or not engine.surcharges
    for surcharge in engine.surcharges:
        option = engine.option(surcharge.option)
        assert option is not None
        assert option.check(surcharge.value) == surcharge.value
        assert option.default != surcharge.value


@EVERY_AT_FAL
def test_its_endpoint_knows_its_keys(engine: EngineEntry) -> None:
    endpoint = ENDPOINTS[engine.endpoint]
    ways = (engine.image_key, engine.image_list_key, engine.view_keys)
    assert sum(map(bool, ways)) == 1
    kinds = {engine.image_key: "url", engine.image_list_key: "urls", **dict.fromkeys(engine.view_keys.values(), "url")}
    assert {key: endpoint.inputs[key].kind for key in kinds if key} == {key: kind for key, kind in kinds.items() if key}
    assert set(engine.fixed_arguments) <= set(endpoint.inputs)
    assert engine.output_keys
    assert {key.partition(".")[0] for key in engine.output_keys} & set(endpoint.outputs)
    assert set(engine.preview_keys) <= set(endpoint.outputs)


@EVERY_AT_FAL
def test_its_endpoint_takes_its_pictures(engine: EngineEntry) -> None:
    rules, limits = ENDPOINTS[engine.endpoint].pictures, engine.picture_limits
    types = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
    assert {types[name] for name in limits.content_types} <= rules.formats
    assert (limits.min_side or 1) >= rules.least_side
    assert not limits.max_side or limits.max_side <= rules.most_side
    assert not limits.max_bytes or limits.max_bytes <= rules.most_bytes


@pytest.mark.django_db
def test_without_a_key_the_local_engine_alone_is_on_offer() -> None:
    assert [engine.id for engine in services.offered_engines()] == ["local"]
