"""How does FAL say no? Bodies and headers of its three families of errors: model, request, account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
INGRESS_PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"  # noqa: E501


@dataclass(frozen=True)
class Failure:
    """The answer of a result that is not a model."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""  # text and type as the status shows them; model errors are not shown there
    error_type: str = ""
    refused: bool = False  # before any work was done


def describe_model_error(
    kind: str, *, status: int = 422, field_name: str = "image_url", context: Mapping[str, Any] | None = None,
    retryable: bool | None = False, value: Any = None,
) -> Failure:  # fmt: skip
    entry: dict[str, Any] = {
        "loc": ["body", field_name],
        "msg": kind.replace("_", " ").capitalize(),
        "type": kind,
        "url": f"https://docs.fal.ai/errors/#{kind}",
    }
    if context:
        entry["ctx"] = dict(context)
    if value is not None:
        entry["input"] = value
    headers = {} if retryable is None else {"X-Fal-Retryable": str(retryable).lower()}
    return Failure(status, {"detail": [entry]}, headers, refused=status == 422)


def describe_request_error(kind: str, status: int, *, detail: str = "", user_timeout: bool = False) -> Failure:
    text = detail or kind.replace("_", " ").capitalize()
    headers = {"X-Fal-Error-Type": kind}
    if user_timeout:
        headers["X-Fal-Request-Timeout-Type"] = "user"
    return Failure(status, {"detail": text, "error_type": kind}, headers, error=text, error_type=kind)


def describe_ingress_error(status: int) -> Failure:
    reason = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}[status]
    return Failure(status, INGRESS_PAGE.format(f"{status} {reason}"), {"Content-Type": "text/html"})


START_TIMEOUT = describe_request_error("request_timeout", 504, detail="Request timed out", user_timeout=True)
CANCELLED = describe_request_error("client_cancelled", 499, detail="Request was cancelled by the client")

_SIDES = {"min_height": 128, "min_width": 128}
FAILURES: dict[str, Failure] = {
    "internal_server_error": describe_model_error("internal_server_error", status=500, retryable=None),
    "internal_server_error_final": describe_model_error("internal_server_error", status=500, retryable=False),
    "internal_server_error_retryable": describe_model_error("internal_server_error", status=500, retryable=True),
    "generation_timeout": describe_model_error("generation_timeout", status=504, retryable=True),
    "downstream_service_error": describe_model_error("downstream_service_error", status=400, retryable=None),
    "downstream_service_error_final": describe_model_error("downstream_service_error", status=400, retryable=False),
    "downstream_service_unavailable": describe_model_error(
        "downstream_service_unavailable", status=500, retryable=True
    ),
    "content_policy_violation": describe_model_error("content_policy_violation"),
    "image_too_small": describe_model_error("image_too_small", context=_SIDES),
    "image_too_large": describe_model_error("image_too_large", context={"max_height": 5000, "max_width": 5000}),
    "image_load_error": describe_model_error("image_load_error"),
    "file_download_error": describe_model_error("file_download_error"),
    "file_too_large": describe_model_error("file_too_large", context={"max_size": 8 * 1024 * 1024}),
    "unsupported_image_format": describe_model_error(
        "unsupported_image_format", context={"supported_formats": ["jpg", "png"]}
    ),
    "feature_not_supported": describe_model_error("feature_not_supported"),
    "unknown_model_error": describe_model_error("a_type_of_next_year"),
    "validation_list": Failure(
        422,
        {"detail": [{"loc": ["body", "image_url"], "msg": "field required", "type": "value_error.missing"}]},
        {"x-fal-billable-units": "0"},
        refused=True,
    ),
    "validation_text": Failure(422, {"detail": "The picture could not be used"}, refused=True),
    "path_not_found": Failure(404, {"detail": "Path not found"}, refused=True),
    "user_timeout": START_TIMEOUT,
    "cancelled": CANCELLED,
    **{
        kind: describe_request_error(kind, status)
        for kind, status in (
            ("request_timeout", 504), ("startup_timeout", 504), ("runner_scheduling_failure", 503),
            ("runner_connection_timeout", 503), ("runner_disconnected", 503), ("runner_connection_refused", 503),
            ("runner_connection_error", 503), ("runner_incomplete_response", 502), ("runner_server_error", 500),
            ("client_disconnected", 499), ("bad_request", 400), ("internal_error", 500),
        )
    },
    **{f"ingress_{status}": describe_ingress_error(status) for status in (502, 503, 504)},
}  # fmt: skip
