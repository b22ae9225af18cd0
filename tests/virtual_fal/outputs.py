"""What does a finished request return? The bare output of the model, with addresses of its files."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from .fal_request import FalRequest, ResultFile
from .models.shelf import Shelf, Wanted

_TYPES = {
    "glb": "model/gltf-binary", "obj": "text/plain", "stl": "model/stl", "fbx": "application/octet-stream",
    "usdz": "model/vnd.usdz+zip", "ply": "application/octet-stream", "splat": "application/octet-stream",
    "zip": "application/zip", "webp": "image/webp", "jpg": "image/jpeg", "mtl": "text/plain",
}  # fmt: skip
_PREVIEW = ("preview", "preview", "webp")


class Composer:
    """Makes the output of one request, and notes its files on the request."""

    def __init__(self, request: FalRequest, shelf: Shelf, *, glb_mb: float) -> None:
        self.request, self.shelf = request, shelf
        self.picture = request.pictures[0] if request.pictures else ""
        scenario = request.scenario
        self.size = scenario.glb_bytes or int((scenario.glb_mb or glb_mb) * 1_000_000)

    async def compose(self) -> dict[str, Any]:
        request, scenario = self.request, self.request.scenario
        endpoint = request.endpoint
        if endpoint is None:
            return {}
        output = {key: await self._fill(role) for key, role in endpoint.outputs.items()}
        output = {key: value for key, value in output.items() if value is not None}
        for key in scenario.output_drop:
            output.pop(key, None)
        for key, value in scenario.output_put.items():
            output[key] = await self._replace(value)
        return output

    async def _fill(self, role: str) -> Any:
        arguments = self.request.arguments
        if role == "?textured":
            return await self._model() if arguments.get("textured_mesh") else None
        if role == "?untextured":
            return await self._model() if self._is_untextured() else None
        if role in {"?mtl", "?texture"}:
            return (
                await self._file("model", role[1:], "mtl" if role == "?mtl" else "jpg")
                if self._format() == "obj"
                else None
            )
        makers: dict[str, Callable[[], Awaitable[Any]]] = {
            "model": self._model, "models": self._models, "model_urls": self._model_urls, "many_urls": self._many_urls,
            "preview": lambda: self._file(*_PREVIEW), "textures": self._textures, "texture_urls": self._texture_urls,
            "assets": lambda: self._file("model", "assets", "zip"), "splat": lambda: self._file("splat", "ply", "ply"),
        }  # fmt: skip
        return await makers[role]() if role in makers else self._value(role)

    def _value(self, role: str) -> Any:
        arguments = self.request.arguments
        number = zlib.crc32(self.request.id.encode())
        return {
            "task_id": str(uuid.uuid5(uuid.NAMESPACE_URL, self.request.id)),
            "seed": arguments.get("seed") if arguments.get("seed") is not None else number % 65_536,
            "timings": {"prepare": 0.4, "generation": 3.1, "export": 0.8},
            "number": arguments.get("num_gaussians") or 262_144,
            "metadata": [{"object_index": 0, "scale": [1.0, 1.0, 1.0], "rotation": [1.0, 0.0, 0.0, 0.0]}],
        }[role]

    def _format(self) -> str:
        endpoint = self.request.endpoint
        return endpoint.model_format(self.request.arguments) if endpoint else "glb"

    def _is_untextured(self) -> bool:
        return self.request.arguments.get("texture") == "no" and self.request.arguments.get("pbr") is False

    async def _model(self) -> dict[str, Any]:
        form = self._format()
        shape = self.request.scenario.model or form
        content_type = self.request.scenario.content_type
        if not content_type and self.request.endpoint_id.startswith("tripo3d/"):
            content_type = "application/octet-stream"
        extension = "fbx" if shape == "fbx" else form
        return await self._file("model", shape, extension, content_type=content_type)

    async def _models(self) -> list[dict[str, Any]]:
        return [await self._model()]

    async def _model_urls(self) -> dict[str, Any]:
        return {self._format(): await self._model()}

    async def _many_urls(self) -> dict[str, Any]:
        others = {form: await self._file("model", form, form) for form in ("fbx", "obj", "usdz", "stl")}
        return {"glb": await self._model(), **others}

    async def _textures(self) -> list[dict[str, Any]]:
        return [{**await self._file("texture", "texture", "jpg"), "width": 512, "height": 512}]

    async def _texture_urls(self) -> list[dict[str, Any]]:
        return [{"base_color": await self._file("texture", "texture", "jpg")}]

    async def _file(self, stem: str, shape: str, extension: str, *, content_type: str = "") -> dict[str, Any]:
        request = self.request
        name = f"{request.endpoint_id.split('/')[1]}_{stem}_{request.id}.{extension}"
        wanted = Wanted(shape, self.picture, self.size)
        path: Path = await self.shelf.fetch(wanted)
        kind = content_type or _TYPES[extension]
        request.files[name] = ResultFile(wanted, kind)
        host = request.scenario.file_host or request.place.output
        return {
            "url": f"{host}/files/r/{request.id}/{name}",
            "content_type": kind,
            "file_name": name,
            "file_size": path.stat().st_size,
        }

    async def _replace(self, value: Any) -> Any:
        """Scripted values, in which "@model" stands for the model's file."""
        if value == "@model":
            return await self._model()
        if isinstance(value, Mapping):
            return {key: await self._replace(item) for key, item in value.items()}
        return value
