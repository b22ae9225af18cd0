"""Which requests does the engine refuse, and in which words?"""

from __future__ import annotations

from ..base import EngineError


def corrupt_image() -> EngineError:
    return EngineError(
        "corrupt_image",
        "The file could not be read as a picture.",
        hint="Open it in a picture editor, save it again as PNG or JPEG, and upload the new file.",
    )


def image_too_small(width: int, height: int, *, least: int) -> EngineError:
    return EngineError(
        "image_too_small",
        f"The picture is {width}x{height}; it needs at least {least} pixels on each side.",
        hint="Use a larger picture of the object.",
    )


def image_dimensions_exceeded() -> EngineError:
    return EngineError(
        "image_dimensions_exceeded",
        "The picture has too many pixels.",
        hint="Scale the picture down to 4096 pixels or less on its longer side.",
    )


def aspect() -> EngineError:
    return EngineError(
        "aspect",
        "The picture is too long and narrow.",
        hint="Crop it so that the longer side is at most 12 times the shorter one.",
    )


def flat_picture() -> EngineError:
    return EngineError(
        "blank_image",
        "The picture is a single flat colour, so there is no object in it.",
        hint="Use a picture in which the object stands out from its background.",
    )


def transparent_picture() -> EngineError:
    return EngineError(
        "blank_image",
        "The picture is almost fully transparent, so there is no object in it.",
        hint="Check that the cut-out still holds the object, and save it again.",
    )


def no_object() -> EngineError:
    return EngineError(
        "no_object",
        "No object stands out from the background.",
        hint="Use a plain background or a transparent PNG, or choose the whole picture as a relief.",
    )


def face_limit_out_of_range(*, least: int, most: int) -> EngineError:
    return EngineError(
        "face_limit",
        f"face_limit must be a whole number from {least} to {most}.",
        hint="The default of 20000 suits most pictures.",
    )


def outline_too_detailed(face_limit: int) -> EngineError:
    return EngineError(
        "face_limit",
        f"The outline is too detailed for {face_limit} faces.",
        hint="Raise face_limit, or use a picture with a simpler outline.",
    )


def invalid_option(name: str, *, choices: tuple[str, ...]) -> EngineError:
    return EngineError(
        "invalid_parameter",
        f"{name} must be one of {', '.join(choices)}.",
        hint=f"Leave {name} out to use its default.",
    )
