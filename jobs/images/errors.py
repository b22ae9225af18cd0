"""Why was a picture refused? One exception with the codes of the wire contract."""

from __future__ import annotations


class ImageError(Exception):
    """A picture or its name is not acceptable; ``message`` and ``hint`` are written for its owner."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class BrokenStructureError(ValueError):
    """The bytes do not hold together as the format they claim to be."""


def refuse_empty(name: str) -> ImageError:
    return ImageError("empty_file", f"{name}: the file is empty.", "Choose the picture again.")


def refuse_type(name: str) -> ImageError:
    return ImageError(
        "unsupported_file_type",
        f"{name}: only JPEG, PNG and WebP images are accepted.",
        "Convert the picture to PNG and upload it again.",
    )


def refuse_corrupt(name: str) -> ImageError:
    return ImageError(
        "corrupt_image",
        f"{name}: the picture is damaged or incomplete.",
        "Open it in a picture editor, save it again as PNG or JPEG and upload that.",
    )


def refuse_unreadable(name: str) -> ImageError:
    return ImageError(
        "corrupt_image",
        f"{name}: the picture could not be read within our limits of memory and time.",
        "Open it in a picture editor, save it again as PNG or JPEG, perhaps smaller, and upload that.",
    )


def refuse_animation(name: str) -> ImageError:
    return ImageError(
        "animated_image", f"{name}: animated pictures are not accepted.", "Save one frame as a picture and upload that."
    )


def refuse_bytes(name: str, *, limit: int) -> ImageError:
    return ImageError(
        "file_too_large",
        f"{name} is too large: the limit is {limit / 1024 / 1024:g} MB for each file.",
        "Save it smaller or as JPEG.",
    )


def refuse_small(name: str, size: tuple[int, int], *, min_side: int) -> ImageError:
    width, height = size
    return ImageError(
        "image_too_small",
        f"{name}: {width} × {height} pixels is too small; each side needs at least {min_side} pixels.",
        "Use a picture in which the object is at least a few hundred pixels wide.",
    )


def refuse_dimensions(name: str, size: tuple[int, int], *, max_side: int, max_pixels: int) -> ImageError:
    width, height = size
    return ImageError(
        "image_dimensions_exceeded",
        f"{name}: {width} × {height} pixels is too large; the limits are {max_side} pixels for each side "
        f"and {max_pixels / 1_000_000:g} megapixels.",
        "Scale the picture down and upload it again.",
    )


def refuse_filename() -> ImageError:
    return ImageError("invalid_filename", "A file has no usable name.", "Rename the file and upload it again.")
