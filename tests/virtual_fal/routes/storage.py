"""How does FAL's storage take a file? Token, direct upload, multipart, and the older way through a bucket."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets

from aiohttp import web

from ..call import Call, answer_json, refuse
from ..clock import write_utc
from ..faults import perform
from ..files import Multipart, Upload, name_path
from ..scenarios.scripts import Subject

_TOKEN_SECONDS = 3600
_TARGET = "/upload-target/"
_PART = "/multipart/"


async def give_token(call: Call) -> web.StreamResponse:
    async def act() -> web.StreamResponse:
        await call.read_body()
        expires = int(call.world.clock.now()) + _TOKEN_SECONDS
        token = {
            "token": _sign(call, str(expires)),
            "token_type": "Bearer",
            "base_url": call.place.upload,
            "expires_at": write_utc(expires),
        }
        return answer_json(token)

    return await perform(call, act, step="token", scenario=call.world.find_scenario(Subject()), needs_key=True)


async def take_upload(call: Call) -> web.StreamResponse:
    """``POST /files/upload``: the bytes themselves."""
    content = await call.read_body()
    headers = call.request.headers
    name = headers.get("X-Fal-File-Name", "")
    picture = call.world.files.keep(content)
    call.note(picture=picture)
    subject = Subject(pictures=[picture], file_names=[name], look_of=call.world.files.find_look)

    async def act() -> web.StreamResponse:
        if not _has_token(call):
            return refuse(401, "Invalid token")
        upload = Upload(name_path(name), picture, headers.get("Content-Type", ""), name, _read_expiry(call))
        call.world.keep_upload(upload)
        return answer_json({"access_url": f"{call.place.upload}{upload.path}"})

    return await perform(call, act, step="upload", scenario=call.world.find_scenario(subject), subject=picture)


async def initiate_upload(call: Call) -> web.StreamResponse:
    async def act() -> web.StreamResponse:
        asked = await call.read_json()
        name = str(asked.get("file_name") or "upload.bin")
        path, target = name_path(name), f"{_TARGET}{secrets.token_urlsafe(15)}"
        call.world.files.reserved[target] = Multipart(path, str(asked.get("content_type")), name, _read_expiry(call))
        urls = {"upload_url": f"{call.place.bucket}{target}", "file_url": f"{call.place.upload}{path}"}
        return answer_json(urls)

    return await perform(call, act, step="initiate", scenario=call.world.find_scenario(Subject()), needs_key=True)


async def take_put(call: Call) -> web.StreamResponse:
    """``PUT`` to the bucket's address: no key is asked for, and none should come."""
    content = await call.read_body()

    async def act() -> web.StreamResponse:
        reserved = call.world.files.reserved.get(call.path)
        if reserved is None:
            return refuse(404, "No such upload")
        _finish(call, reserved, content)
        return web.Response()

    return await perform(call, act, step="put", scenario=call.world.find_scenario(Subject()))


async def answer_multipart(call: Call) -> web.StreamResponse:
    """``POST /files/upload/multipart``, ``PUT …/multipart/{id}/{number}``, ``POST …/multipart/{id}/complete``."""

    async def act() -> web.StreamResponse:
        if not _has_token(call):
            return refuse(401, "Invalid token")
        if call.path == "/files/upload/multipart":
            return _start_multipart(call)
        identifier, _, last = call.path.partition(_PART)[2].partition("/")
        multipart = call.world.files.multiparts.get(identifier)
        if multipart is None:
            return refuse(404, "No such upload")
        return await (_complete(call, multipart) if last == "complete" else _take_part(call, multipart, last))

    return await perform(call, act, step="multipart", scenario=call.world.find_scenario(Subject()))


def is_multipart(path: str) -> bool:
    return path == "/files/upload/multipart" or _PART in path


def is_target(path: str) -> bool:
    return path.startswith(_TARGET)


def _start_multipart(call: Call) -> web.StreamResponse:
    name = call.request.headers.get("X-Fal-File-Name", "")
    identifier = secrets.token_urlsafe(12)
    kind = call.request.headers.get("Content-Type", "")
    multipart = Multipart(name_path(name), kind, name, _read_expiry(call))
    call.world.files.multiparts[identifier] = multipart
    return answer_json({"access_url": f"{call.place.upload}{multipart.path}", "uploadId": identifier})


async def _take_part(call: Call, multipart: Multipart, number: str) -> web.StreamResponse:
    content = await call.read_body()
    multipart.parts[int(number)] = content
    return web.Response(headers={"ETag": f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'})


async def _complete(call: Call, multipart: Multipart) -> web.StreamResponse:
    asked = await call.read_json()
    numbers = sorted(part["partNumber"] for part in asked["parts"])
    if numbers != sorted(multipart.parts):
        return refuse(400, "Parts are missing")
    _finish(call, multipart, b"".join(multipart.parts[number] for number in numbers))
    return answer_json({})


def _finish(call: Call, multipart: Multipart, content: bytes) -> None:
    picture = call.world.files.keep(content)
    call.note(picture=picture)
    call.world.keep_upload(
        Upload(multipart.path, picture, multipart.content_type, multipart.name, multipart.expires_at)
    )


def _sign(call: Call, expires: str) -> str:
    """A token that needs no memory: it is good after a restart, and for no other key."""
    digest = hmac.digest(call.world.options.key.encode(), expires.encode(), "sha256")
    return f"{expires}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _has_token(call: Call) -> bool:
    scheme, _, token = call.request.headers.get("Authorization", "").partition(" ")
    expires = token.partition(".")[0]
    is_signed = expires.isdigit() and hmac.compare_digest(token, _sign(call, expires))
    return scheme == "Bearer" and is_signed and call.world.clock.now() < int(expires)


def _read_expiry(call: Call) -> float | None:
    headers = call.request.headers
    text = headers.get("X-Fal-Object-Lifecycle-Preference") or headers.get("X-Fal-Object-Lifecycle")
    try:
        seconds = json.loads(text).get("expiration_duration_seconds") if text else None
    except (ValueError, AttributeError):
        return None
    return call.world.clock.now() + seconds if isinstance(seconds, int | float) and seconds > 0 else None
