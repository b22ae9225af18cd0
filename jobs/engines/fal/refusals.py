"""What do FAL's own error types mean to a person? A sentence and what to do, by type; unknown types have one too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ANOTHER = "Use another picture."
_PICTURE: dict[str, tuple[str, str]] = {
    "content_policy_violation": ("FAL refused the picture because of its content rules.", _ANOTHER),
    "image_too_small": ("FAL refused the picture: it is too small.", "Use a larger picture."),
    "image_too_large": ("FAL refused the picture: it has too many pixels.", "Use a smaller picture."),
    "image_load_error": ("FAL could not read the picture.", "Save it again as PNG or JPEG, or use another one."),
    "file_download_error": ("FAL could not fetch the picture.", "Try again: it is uploaded anew."),
    "file_too_large": ("FAL refused the picture: the file is too large.", "Use a smaller picture."),
    "unsupported_image_format": ("FAL refused the picture's format.", "Use PNG or JPEG."),
    "feature_not_supported": ("FAL's model does not support one of the chosen options.", "Choose other options."),
}
_OPTION = ("FAL refused the value of an option.", "Choose another value, or leave the option as it is.")
_OPTION_TYPES = frozenset(
    {
        "greater_than", "greater_than_equal", "less_than", "less_than_equal", "multiple_of", "one_of",
        "sequence_too_short", "sequence_too_long",
    }
)  # fmt: skip
_UNKNOWN = ("FAL refused the input.", "Use another picture, other options or another engine.")


def describe_refusal(fal_type: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """Message and hint."""
    if fal_type in _OPTION_TYPES:
        return _OPTION
    message, hint = _PICTURE.get(fal_type, _UNKNOWN)
    return message, _add_limit(hint, fal_type, context)


def _add_limit(hint: str, fal_type: str, context: Mapping[str, Any]) -> str:
    def sides(kind: str) -> str:
        width, height = context.get(f"{kind}_width"), context.get(f"{kind}_height")
        return f"{width} × {height} pixels" if isinstance(width, int) and isinstance(height, int) else ""

    if fal_type == "image_too_small" and (least := sides("min")):
        return f"{hint} It takes at least {least}."
    if fal_type == "image_too_large" and (most := sides("max")):
        return f"{hint} It takes at most {most}."
    limit = context.get("max_size")
    if fal_type == "file_too_large" and isinstance(limit, int):
        return f"{hint} It takes at most {limit / (1 << 20):.0f} MiB."
    return hint
