"""What is sent to an engine at a provider? Options and pictures, in the endpoint's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.catalog.checks import check_options, check_views
from jobs.catalog.entry import VIEWS, EngineEntry


def build_arguments(
    engine: EngineEntry, *, options: Mapping[str, Any], image_urls: Mapping[str, str]
) -> dict[str, Any]:
    """The input of one request: pictures by view, checked options, defaults spoken out, and no key that is unknown."""
    check_views(list(image_urls), engine=engine)
    arguments = {**engine.fixed_arguments, **_place_pictures(engine, image_urls)}
    values = check_options(engine, options)
    for option in engine.options:
        if option.name in values:
            arguments |= option.build_arguments(values[option.name])
    return arguments


def _place_pictures(engine: EngineEntry, image_urls: Mapping[str, str]) -> dict[str, Any]:
    if engine.view_keys:
        return {engine.view_keys[view]: image_urls[view] for view in VIEWS if view in image_urls}
    if engine.image_list_key:
        return {engine.image_list_key: [image_urls[view] for view in engine.image_order if view in image_urls]}
    return {engine.image_key: image_urls["front"]}


def find_result_format(engine: EngineEntry, *, options: Mapping[str, Any]) -> str:
    """What the engine returns with these options: ``glb``, or another format that is kept as it comes."""
    asked = [option.result_formats.get(options.get(option.name, option.default)) for option in engine.options]
    return next((name for name in asked if name), "glb")
