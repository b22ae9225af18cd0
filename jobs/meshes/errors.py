"""What can be wrong with a finished model, in the words of the wire contract?"""

from __future__ import annotations


class MeshError(Exception):
    """A model cannot be accepted, or cannot be turned into another format.

    ``code`` is a stable ``generation.error.code``: ``result_invalid_glb``, ``result_empty_model``,
    ``result_too_large``, ``result_too_complex``, ``result_truncated``, ``conversion_failed``,
    ``conversion_unsupported``.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(code, message, hint)  # all three, so that the error survives a trip between processes
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


def invalid_glb(reason: str) -> MeshError:
    """The error for a file that breaks the rules of GLB."""
    return MeshError("result_invalid_glb", f"The model file is not a valid GLB: {reason}.", "Generate the model again.")


def too_complex(reason: str) -> MeshError:
    """The error for a file that follows the rules but asks for more than we are willing to compute."""
    return MeshError("result_too_complex", f"The model is too complex: {reason}.", "Ask for fewer faces.")


def unsupported(reason: str) -> MeshError:
    """The error for a sound file that can be delivered, but not converted."""
    return MeshError(
        "conversion_unsupported",
        f"The model cannot be converted: {reason}.",
        "Download the GLB; it is delivered unchanged.",
    )
