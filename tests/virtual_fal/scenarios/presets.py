"""Which scenarios have a name? Every way in which FAL is known to misbehave, ready to be scripted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import FAILURES, INGRESS_PAGE, LOCKED
from .broken_models import MODEL_PRESETS
from .scenario import Scenario, ScenarioError, build_scenario

_REFUSALS: dict[int, Any] = {
    400: {"detail": [{"loc": ["body"], "msg": "Bad input", "type": "feature_not_supported"}]},
    401: {"detail": "Authorization header is required"},
    403: {"detail": LOCKED},
    404: {"detail": "Application not found"},
    422: {"detail": [{"loc": ["body", "image_url"], "msg": "Image too small", "type": "image_too_small"}]},
    429: {"detail": "Too many requests"},
    500: {"detail": "Internal server error"},
    502: {"detail": "Bad gateway"},
    503: {"detail": "Service unavailable"},
    504: {"detail": "Gateway timeout"},
}
_BURST = {"times": 2}
_ELSEWHERE = "https://evil.example"


def _answer(status: int, **more: Any) -> dict[str, Any]:
    return {"kind": "answer", "status": status, "body": _REFUSALS.get(status, {"detail": "No"}), **more}


def _page(status: int, **more: Any) -> dict[str, Any]:
    return {"status": status, "body": INGRESS_PAGE.format(f"{status} nginx"), "content_type": "text/html", **more}


def _at(step: str, fault: Mapping[str, Any]) -> dict[str, Any]:
    return {"faults": {step: fault}}


def _list_step_presets() -> dict[str, dict[str, Any]]:
    """The faults that make sense at every step, as "<step>-<what>"."""
    presets: dict[str, dict[str, Any]] = {}
    for step in ("token", "upload", "initiate", "put", "submit", "status", "result", "cancel", "download", "history"):
        for status in (400, 401, 403, 404, 408, 409, 410, 422, 429, 500, 502, 503, 504):
            presets[f"{step}-{status}"] = _at(step, _answer(status))
            presets[f"{step}-{status}-twice"] = _at(step, _answer(status, **_BURST))
        for status in (502, 503, 504):
            presets[f"{step}-{status}-nginx"] = _at(step, _page(status))
            presets[f"{step}-{status}-nginx-twice"] = _at(step, _page(status, **_BURST))
        for kind in ("hang", "close", "reset"):
            presets[f"{step}-{kind}"] = _at(step, {"kind": kind})
            presets[f"{step}-{kind}-twice"] = _at(step, {"kind": kind, **_BURST})
        presets[f"{step}-slow"] = _at(step, {"kind": "delay", "seconds": 2.0})
        presets[f"{step}-text"] = _at(step, {"kind": "text", "body": "all is well"})
        presets[f"{step}-text-twice"] = _at(step, {"kind": "text", "body": "all is well", **_BURST})
        presets[f"{step}-cut"] = _at(step, {"kind": "cut"})
        presets[f"{step}-cut-twice"] = _at(step, {"kind": "cut", **_BURST})
        presets[f"{step}-short"] = _at(step, {"kind": "short"})
    return presets


_SUBMIT: dict[str, dict[str, Any]] = {
    "submit-locked": _at("submit", _answer(403)),
    "submit-bad-key": _at("submit", {"status": 403, "body": {"detail": "Invalid API key"}}),
    "submit-500-created": _at("submit", _answer(500, effect=True)),
    "submit-503-created": _at("submit", _answer(503, effect=True)),
    "submit-504-nginx-created": _at("submit", _page(504, effect=True)),
    "submit-reset-created": _at("submit", {"kind": "reset", "effect": True}),
    "submit-close-created": _at("submit", {"kind": "close", "effect": True}),
    "submit-hang-created": _at("submit", {"kind": "hang", "effect": True}),
    "submit-foreign-urls": _at("submit", {"kind": "edit", "put": {
        f"{name}_url": f"{_ELSEWHERE}/tripo3d/tripo/requests/x" for name in ("response", "status", "cancel")
    }}),
    "submit-without-id": _at("submit", {"kind": "edit", "drop": ["request_id"]}),
    "submit-odd-id": _at("submit", {"kind": "edit", "put": {"request_id": "../../../v1/keys?x="}}),
    "submit-without-urls": _at("submit", {"kind": "edit", "drop": ["response_url", "status_url", "cancel_url"]}),
}  # fmt: skip
_STATUS: dict[str, dict[str, Any]] = {
    "status-foo": _at("status", {"kind": "edit", "put": {"status": "FOO"}, **_BURST}),
    "status-missing": _at("status", {"kind": "edit", "drop": ["status"], **_BURST}),
    "status-without-keys": _at("status", {"kind": "edit", "drop": ["queue_position", "logs"], **_BURST}),
    "status-list": _at("status", {"kind": "text", "body": "[]", "content_type": "application/json", **_BURST}),
    "status-lost-later": _at("status", _answer(404, after=1)),
    "forever": {"forever": True},
    "requeued": {"regressions": 1},
    "progress": {"progress": True},
    "log-levels": {"logs": "levels", "progress": True},
    "no-logs": {"logs": "none"},
    "long-queue": {"queue_position": 12_345, "queue_seconds": 5.0},
    "result-in-progress-twice": _at(
        "result", {"status": 400, "body": {"detail": "Request is still in progress"}, **_BURST}
    ),
    "result-gone": {"result_lasts": 0.0},
}
_CANCEL: dict[str, dict[str, Any]] = {
    "cancel-honoured": {"stops_on_cancel": True},
    "cancel-ignored": {"stops_on_cancel": False},
    "cancel-requested": {"cancel_answer": "CANCELLATION_REQUESTED"},
}
_OUTPUT: dict[str, dict[str, Any]] = {
    "no-model": {"output_drop": ["model_mesh", "model_glb", "model_urls", "pbr_model", "base_model"]},
    "model-null": {"output_put": {"model_mesh": None}},
    "model-url-null": {"output_put": {"model_mesh": {"url": None}}},
    "model-url-number": {"output_put": {"model_mesh": {"url": 5}}},
    "model-url-text": {"output_put": {"model_mesh": "not a file"}},
    "model-url-loopback": {"output_put": {"model_mesh": {"url": "http://127.0.0.1:1/model.glb"}}},
    "model-url-metadata": {"output_put": {"model_mesh": {"url": "http://169.254.169.254/latest/meta-data"}}},
    "model-url-file": {"output_put": {"model_mesh": {"url": "file:///etc/passwd"}}},
    "model-url-foreign": {"file_host": _ELSEWHERE},
    "model-list": {"output_put": {"model_mesh": []}},
    "extra-fields": {"output_put": {"surprise": {"url": 5}, "nested": [{"deep": [1, None]}], "größe": "XL"}},
    "two-models": {"output_put": {"base_model": "@model", "pbr_model": "@model"}},
    "only-pbr-model": {"output_drop": ["model_mesh"], "output_put": {"pbr_model": "@model"}},
    "only-base-model": {"output_drop": ["model_mesh"], "output_put": {"base_model": "@model"}},
    "only-model-urls": {"output_drop": ["model_mesh"], "output_put": {"model_urls": {"glb": "@model"}}},
    "no-preview": {"output_drop": ["rendered_image", "thumbnail", "preprocessed_image"]},
    "fbx": {"model": "fbx"},
    "octet-stream": {"content_type": "application/octet-stream"},
    "wrong-content-type": {"content_type": "text/html"},
}
_DOWNLOAD: dict[str, dict[str, Any]] = {
    "download-drip": _at("download", {"kind": "drip", "rate": 1}),
    "download-slow": _at("download", {"kind": "drip", "rate": 200_000}),
    "download-abort": _at("download", {"kind": "abort"}),
    "download-abort-twice": _at("download", {"kind": "abort", **_BURST}),
    "download-bomb": _at("download", {"kind": "bomb", "size": 1 << 30}),
    "download-unsized": _at("download", {"kind": "unsized"}),
    "download-redirect-loopback": _at("download", {"kind": "redirect", "location": "https://127.0.0.1:1/model.glb"}),
    "download-redirect-http": _at("download", {"kind": "redirect", "location": "http://v3.fal.media/files/x.glb"}),
    "download-redirect-foreign": _at("download", {"kind": "redirect", "location": f"{_ELSEWHERE}/x.glb"}),
    "download-redirect-loop": _at("download", {"kind": "redirect", "location": "@self"}),
    "download-html": _at("download", {"status": 200, "body": "<html>Sorry</html>", "content_type": "text/html"}),
    "files-expired": {"file_lasts": 0.0},
}
_ACCOUNT: dict[str, dict[str, Any]] = {
    "locked": {"faults": {step: _answer(403) for step in ("submit", "initiate", "token")}},
    "bad-key": {"faults": {step: _answer(401) for step in ("submit", "status", "result", "token", "initiate")}},
}
_BIG_JSON = '{"keys": ["' + "x" * 5_000_000 + '"]}'
_RSA = {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa"}
_NONE = {"kty": "OKP", "crv": "Ed25519", "alg": "none", "x": "", "kid": "none"}
_JWKS: dict[str, dict[str, Any]] = {
    name: _at("jwks", {"status": 200, "body": body})
    for name, body in {
        "jwks-rsa": {"keys": [_RSA]},
        "jwks-alg-none": {"keys": [_NONE]},
        "jwks-short-key": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "A" * 41, "kid": "short"}]},
        "jwks-empty": {"keys": []},
        "jwks-10000-keys": {
            "keys": [{"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "kid": str(n)} for n in range(10_000)]
        },
    }.items()
}
_JWKS |= {
    "jwks-5-mb": _at("jwks", {"status": 200, "body": _BIG_JSON, "content_type": "application/json"}),
    "jwks-503": _at("jwks", _answer(503)),
    "jwks-close": _at("jwks", {"kind": "close"}),
    "jwks-hang": _at("jwks", {"kind": "hang"}),
}
_WEBHOOK: dict[str, dict[str, Any]] = {
    f"webhook-{name}": {"webhook": values}
    for name, values in {
        "never": {"deliver": False},
        "twice": {"times": 2},
        "late": {"delay": 5.0},
        "hour-late": {"delay": 3600.0},
        "early": {"early": True},
        "bad-signature": {"signature": "bad"},
        "unknown-key": {"signature": "stranger"},
        "text-signature": {"signature": "text"},
        "without-signature": {"omit": ["Signature"]},
        "without-timestamp": {"omit": ["Timestamp"]},
        "without-request-id": {"omit": ["Request-Id"]},
        "without-user-id": {"omit": ["User-Id"]},
        "298-s-old": {"timestamp_offset": -298.0},
        "301-s-old": {"timestamp_offset": -301.0},
        "303-s-ahead": {"timestamp_offset": 303.0},
        "timestamp-text": {"timestamp": "abc"},
        "timestamp-huge": {"timestamp": str(2**63)},
        "other-request": {"request_id": "00000000-0000-4000-8000-000000000000"},
        "other-header-id": {"header_request_id": "00000000-0000-4000-8000-000000000000"},
        "payload-error": {"payload_error": True},
        "too-big": {"pad_to_bytes": 1024 * 1024 + 1},
        "biggest": {"pad_to_bytes": 1024 * 1024},
    }.items()
}
_RESULTS = {f"result-{name}".replace("_", "-"): {"error": name} for name in FAILURES}

_ALL: dict[str, dict[str, Any]] = {
    "default": {}, **_list_step_presets(), **_SUBMIT, **_STATUS, **_CANCEL, **_OUTPUT, **_DOWNLOAD, **_ACCOUNT, **_JWKS,
    **_WEBHOOK, **_RESULTS, **MODEL_PRESETS,
}  # fmt: skip
PRESETS: dict[str, Scenario] = {name: build_scenario({"name": name, **values}) for name, values in _ALL.items()}


def read_scenario(value: str | Mapping[str, Any]) -> Scenario:
    """A preset by name, or fields, which may start from the preset named by ``preset``."""
    if isinstance(value, str):
        value = {"preset": value}
    fields = dict(value)
    name = fields.pop("preset", "default")
    if name not in PRESETS:
        raise ScenarioError(f"no scenario is called {name!r}")
    return build_scenario(fields, base=PRESETS[name]) if fields else PRESETS[name]
