"""Would the model take this input? FAL asks only when the request runs, and answers 422."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .endpoints import Endpoint, Input, Pictures
from .errors import Failure, describe_model_error

Problem = dict[str, Any]
_KINDS: dict[str, tuple[type, ...]] = {
    "url": (str,), "urls": (list,), "text": (str,), "texts": (list,), "boolean": (bool,), "integer": (int,),
    "number": (int, float), "object": (dict,),
}  # fmt: skip
_TYPE_ERRORS = {"url": "string_type", "urls": "list_type", "text": "string_type", "texts": "list_type",
                "boolean": "bool_parsing", "integer": "int_parsing", "number": "float_parsing", "object": "dict_type"}  # fmt: skip  # noqa: E501


@dataclass(frozen=True)
class Picture:
    """What was uploaded, as far as an endpoint's rules ask for it."""

    format: str  # Pillow's name; empty when the bytes are no picture
    width: int
    height: int
    size: int


FindPicture = Callable[[str], Picture | None]


def check_input(endpoint: Endpoint, arguments: Any, *, find_picture: FindPicture) -> Failure | None:
    """The 422 of this input, or None when the model takes it. Unknown keys are ignored, as FAL does."""
    if not isinstance(arguments, dict):
        return _refuse([_describe("body", "model_attributes_type", "Input should be a valid dictionary")])
    problems = [
        problem
        for name, rule in endpoint.inputs.items()
        for problem in _check_value(name, arguments.get(name), rule, is_sent=name in arguments)
    ]
    if problems:
        return _refuse(problems)
    return _check_pictures(endpoint, arguments, find_picture)


def list_picture_urls(endpoint: Endpoint | None, arguments: Any) -> list[tuple[str, str]]:
    """Every picture of the input with the name of its field, in the order of the endpoint's inputs."""
    if not isinstance(arguments, Mapping):
        return []
    names = list(endpoint.inputs) if endpoint else list(arguments)
    found: list[tuple[str, str]] = []
    for name in names:
        if not name.endswith(("image_url", "image_urls")):
            continue
        values = arguments.get(name)
        listed = values if isinstance(values, list) else [values]
        found += [(name, value) for value in listed if isinstance(value, str) and value]
    return found


def read_data_url(url: str) -> bytes | None:
    """The bytes of a base64 data URL; None when it is something else."""
    head, comma, text = url.partition(",")
    if not (head.startswith("data:") and head.endswith(";base64") and comma):
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def _check_value(name: str, value: Any, rule: Input, *, is_sent: bool) -> list[Problem]:
    if value is None:
        return [_describe(name, "missing", "Field required")] if rule.required else []
    accepted = _KINDS[rule.kind]
    is_flag = isinstance(value, bool) and bool not in accepted
    # Choices may hold numbers and text side by side: there the list decides, not the type.
    if not rule.choices and (is_flag or not isinstance(value, accepted)):
        return [_describe(name, _TYPE_ERRORS[rule.kind], f"Input should be a valid {rule.kind}", value=value)]
    if rule.choices and (is_flag or value not in rule.choices):
        return [_describe(name, "one_of", "Not an allowed value", {"expected": list(rule.choices)}, value=value)]
    return _check_range(name, value, rule)


def _check_range(name: str, value: Any, rule: Input) -> list[Problem]:
    if isinstance(value, list):
        if rule.least is not None and len(value) < rule.least:
            return [_describe(name, "sequence_too_short", "Too few items", {"min_length": rule.least})]
        if rule.most is not None and len(value) > rule.most:
            return [_describe(name, "sequence_too_long", "Too many items", {"max_length": rule.most})]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if rule.least is not None and value < rule.least:
            return [_describe(name, "greater_than_equal", "Too small", {"ge": rule.least}, value=value)]
        if rule.most is not None and value > rule.most:
            return [_describe(name, "less_than_equal", "Too large", {"le": rule.most}, value=value)]
    return []


def _check_pictures(endpoint: Endpoint, arguments: Any, find_picture: FindPicture) -> Failure | None:
    for name, url in list_picture_urls(endpoint, arguments):
        picture = find_picture(url)
        if picture is None:
            return describe_model_error("file_download_error", field_name=name, value=url[:200])
        if failure := _check_picture(name, picture, endpoint.pictures):
            return failure
    return None


def _check_picture(name: str, picture: Picture, rules: Pictures) -> Failure | None:
    if not picture.format:
        return describe_model_error("image_load_error", field_name=name)
    if picture.format not in rules.formats:
        formats = sorted(each.lower() for each in rules.formats)
        return describe_model_error("unsupported_image_format", field_name=name, context={"supported_formats": formats})
    if picture.size > rules.most_bytes:
        return describe_model_error("file_too_large", field_name=name, context={"max_size": rules.most_bytes})
    side = rules.least_side
    if min(picture.width, picture.height) < side:
        return describe_model_error("image_too_small", field_name=name, context={"min_height": side, "min_width": side})
    if max(picture.width, picture.height) > rules.most_side:
        side = rules.most_side
        return describe_model_error("image_too_large", field_name=name, context={"max_height": side, "max_width": side})
    return None


def _describe(
    name: str, kind: str, text: str, context: Mapping[str, Any] | None = None, *, value: Any = None
) -> Problem:
    problem: Problem = {"loc": ["body", name], "msg": text, "type": kind}
    if context:
        problem["ctx"] = dict(context)
    if value is not None:
        problem["input"] = value
    return problem


def _refuse(problems: Sequence[Problem]) -> Failure:
    return Failure(422, {"detail": list(problems)}, {"x-fal-billable-units": "0"}, refused=True)
