"""Where in a result is the model? Endpoints differ and change, so the reading is tolerant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from jobs.catalog.entry import EngineEntry

MODEL_KEYS = ("model_glb", "pbr_model", "model_mesh", "model_urls.glb", "base_model", "model", "model_meshes")
PREVIEW_KEYS = ("rendered_image", "thumbnail", "preprocessed_image")
_LINK_ROLES = frozenset(MODEL_KEYS + PREVIEW_KEYS)  # where a bare address stands for a file
_OTHER_MODELS = (".fbx", ".obj", ".zip", ".usdz", ".stl", ".ply", ".splat", ".blend", ".3mf")
_NO_MODELS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".mp4", ".txt", ".json", ".mtl")
MAX_DEPTH, MAX_FILES = 6, 100  # a result is made by others: neither depth nor length is trusted


@dataclass(frozen=True, kw_only=True)
class ResultFile:
    """A file that a result names. Everything but the address may be missing, or wrong."""

    role: str  # where it was, dotted: "model_urls.fbx"
    url: str
    name: str = ""
    content_type: str = ""
    size: int | None = None

    @property
    def extension(self) -> str:
        """Of its name or address, in lower case; empty when it has none."""
        return (PurePosixPath(self.name).suffix or PurePosixPath(urlsplit(self.url).path).suffix).lower()


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a result holds for us. ``model_url`` is None when there is no model in it."""

    model_url: str | None = None
    preview_url: str | None = None
    others: tuple[ResultFile, ...] = ()  # each address once, without model and preview


def find_output(engine: EngineEntry, result: Any) -> Output:
    """The model, GLB before anything else, the engine's preview, and all other files by role."""
    files = _list_files(result)
    model = _choose_model(files, keys=(*engine.output_keys, *MODEL_KEYS))
    preview = _choose(files, keys=(*engine.preview_keys, *PREVIEW_KEYS))
    taken = {file.url for file in (model, preview) if file}
    others = {file.url: file for file in reversed(files) if file.url not in taken}
    return Output(
        model_url=model.url if model else None,
        preview_url=preview.url if preview else None,
        others=tuple(reversed(others.values())),
    )


def _list_files(result: Any) -> list[ResultFile]:
    return [file for _, file in zip(range(MAX_FILES), _walk(result, role="", depth=0), strict=False)]


def _walk(value: Any, *, role: str, depth: int) -> Iterator[ResultFile]:
    """Every file-shaped value, in the order of the result. Of a list, all have the list's role."""
    if depth > MAX_DEPTH:
        return
    if file := _read_file(value, role=role):
        yield file
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, role=f"{role}.{key}" if role else str(key), depth=depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, role=role, depth=depth + 1)


def _read_file(value: Any, *, role: str) -> ResultFile | None:
    """``{"url": …}``, or an address alone where a file is expected."""
    if isinstance(value, str):
        is_file = role in _LINK_ROLES or role.startswith("model_urls.")
        return ResultFile(role=role, url=value) if is_file and _read_scheme(value) in ("http", "https") else None
    if not isinstance(value, Mapping) or not _read_scheme(value.get("url")):
        return None
    size = value.get("file_size")
    return ResultFile(
        role=role,
        url=value["url"],
        name=_read_text(value.get("file_name")),
        content_type=_read_text(value.get("content_type")),
        size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
    )


def _read_text(value: Any) -> str:
    return value[:200] if isinstance(value, str) else ""


def _read_scheme(value: Any) -> str:
    """Empty for what is no address. Which schemes and hosts may be asked is the download's question."""
    if not isinstance(value, str) or len(value) > 4_000:
        return ""
    try:
        return urlsplit(value).scheme
    except ValueError:
        return ""


def _choose_model(files: list[ResultFile], *, keys: tuple[str, ...]) -> ResultFile | None:
    """The best key that does not say itself that it is no GLB; any GLB; the best key with another kind of model."""
    named = [file for key in keys for file in files if file.role == key and file.extension not in _NO_MODELS]
    candidates = (
        [file for file in named if file.extension not in _OTHER_MODELS],
        [file for file in files if _is_glb(file)],
        named,
        [file for file in files if file.extension in _OTHER_MODELS],
    )
    return next((group[0] for group in candidates if group), None)


def _is_glb(file: ResultFile) -> bool:
    return file.extension == ".glb" or file.content_type == "model/gltf-binary"


def _choose(files: list[ResultFile], *, keys: tuple[str, ...]) -> ResultFile | None:
    return next((file for key in keys for file in files if file.role == key), None)
