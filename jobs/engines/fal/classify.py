"""Which error is an answer that is not 2xx? The same HTTP code means different things at submit and at the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import (
    ENDPOINT_GONE,
    AccountProblem,
    Failed,
    FalError,
    Gone,
    NotReady,
    NotSent,
    OutcomeUnknown,
    Rejected,
    Transient,
)
from .reading import Answer, misread, read_text
from .refusals import describe_refusal
from .wire import UNKNOWN_HINT, UNKNOWN_MESSAGE

_BUSY = "FAL takes no more requests at the moment."
_UNREACHABLE = "FAL is not available at the moment."
_ACCOUNT = frozenset({401, 402, 403})
_BALANCE_WORDS = ("exhausted balance", "top up", "top_up")


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """FAL's three families of error bodies in one shape."""

    fal_type: str
    detail: str
    context: Mapping[str, Any]
    is_typed: bool  # it names a type, so it comes from FAL's own code or from the model
    is_from_model: bool  # ``detail`` is a list, as models answer


def read_complaint(answer: Answer) -> Complaint:
    said = answer.read_object() or {}
    detail = said.get("detail")
    first = detail[0] if isinstance(detail, list) and detail and isinstance(detail[0], dict) else {}
    named = read_text(said.get("error_type")) or read_text(answer.headers.get("x-fal-error-type"))
    fal_type = read_text(first.get("type")) or named
    context = first.get("ctx")
    return Complaint(
        fal_type=fal_type,
        detail=read_text(first.get("msg")) or read_text(detail),
        context=context if isinstance(context, dict) else {},
        is_typed=bool(fal_type),
        is_from_model=isinstance(detail, list),
    )


def classify_submit(answer: Answer) -> FalError:
    """Nothing created, refused for good, the account's fault, or not known."""
    complaint, status = read_complaint(answer), answer.status
    if status in _ACCOUNT:
        return describe_account(answer)
    if status == 429:
        return NotSent("provider_rate_limited", _BUSY, retryable=True, detail=complaint.detail, http_status=status)
    if 400 <= status < 500 and status not in (408, 409, 499):
        return _reject(complaint, status)
    return OutcomeUnknown(
        "provider_outcome_unknown", UNKNOWN_MESSAGE, hint=UNKNOWN_HINT, fal_type=complaint.fal_type,
        detail=complaint.detail or f"HTTP {status}", http_status=status,
    )  # fmt: skip


def classify_call(answer: Answer, *, names_request: bool = True) -> FalError:
    """Status and cancel, which name a request; token, history and prices, which do not."""
    complaint, status = read_complaint(answer), answer.status
    if status in _ACCOUNT and _is_of_fal(answer):
        return describe_account(answer)
    if status in (404, 410) and names_request:
        message = "FAL does not know the request."
        return Gone("provider_request_lost", message, detail=complaint.detail, http_status=status)
    return _describe_trouble(complaint, status)


def classify_result(answer: Answer) -> FalError:
    """The model's own answer, unless something between it and us answered."""
    complaint, status = read_complaint(answer), answer.status
    is_of_model = complaint.is_from_model or "x-fal-billable-units" in answer.headers
    if status in _ACCOUNT and not is_of_model and _is_of_fal(answer):
        return describe_account(answer)
    if status in (404, 410) and not is_of_model:
        message = "FAL no longer has the result."
        return Gone("result_expired", message, detail=complaint.detail, http_status=status)
    if status == 400 and not complaint.is_typed and not is_of_model:
        return NotReady("provider_bad_result", "The request is not over yet.", retryable=True, detail=complaint.detail)
    if status in (408, 409, 425, 429) or status < 400:
        return _describe_trouble(complaint, status)
    if status in _ACCOUNT and not is_of_model:
        return _describe_trouble(complaint, status)
    if status >= 500 and not (complaint.is_typed or is_of_model or "x-fal-request-id" in answer.headers):
        return _describe_trouble(complaint, status)
    return _describe_failure(answer, complaint)


def describe_account(answer: Answer) -> AccountProblem:
    detail = read_complaint(answer).detail
    said = detail.lower()
    if answer.status == 402 or any(words in said for words in _BALANCE_WORDS):
        return AccountProblem(
            "balance", "The FAL account has no balance left.", detail=detail, http_status=answer.status
        )
    if "locked" in said:
        return AccountProblem("locked", "The FAL account is locked.", detail=detail, http_status=answer.status)
    return AccountProblem("auth", "FAL does not accept the key.", detail=detail, http_status=answer.status)


def _is_of_fal(answer: Answer) -> bool:
    """Not a page of some firewall on the way."""
    return answer.read_object() is not None


def _reject(complaint: Complaint, status: int) -> Rejected:
    message, hint = describe_refusal(complaint.fal_type, complaint.context)
    fal_type = complaint.fal_type
    if status == 404:
        message, hint, fal_type = "FAL no longer offers this engine.", "Choose another engine.", ENDPOINT_GONE
    return Rejected(
        "provider_rejected_input", message, hint=hint, fal_type=fal_type, detail=complaint.detail, http_status=status
    )


def _describe_trouble(complaint: Complaint, status: int) -> Transient:
    if 200 <= status < 400:
        return misread(f"HTTP {status}")
    code, message = ("provider_rate_limited", _BUSY) if status == 429 else ("provider_unreachable", _UNREACHABLE)
    detail = complaint.detail or f"HTTP {status}"
    return Transient(
        code, message, retryable=True, fal_type=complaint.fal_type, detail=detail, http_status=status
    )  # fmt: skip


def _describe_failure(answer: Answer, complaint: Complaint) -> Failed:
    code, message, hint, retryable = _explain(answer, complaint)
    advice = answer.headers.get("x-fal-retryable", "").lower()
    fal_type = "start_timeout" if "x-fal-request-timeout-type" in answer.headers else complaint.fal_type
    fal_type = ENDPOINT_GONE if answer.status == 404 else fal_type
    return Failed(
        code, message, hint=hint, retryable=advice == "true" if advice in ("true", "false") else retryable,
        fal_type=fal_type, detail=complaint.detail, http_status=answer.status,
    )  # fmt: skip


def _explain(answer: Answer, complaint: Complaint) -> tuple[str, str, str, bool]:
    """Code, message, hint, and whether a new attempt could help when FAL itself does not say."""
    status, again = answer.status, "Try again, or choose another engine."
    if status == 404:
        return "provider_rejected_input", "FAL no longer offers this engine.", "Choose another engine.", False
    if status == 499:
        return "provider_request_lost", "The request was cancelled at FAL.", "Try again.", True
    if status == 504 or complaint.fal_type.endswith("_timeout"):
        return "provider_timeout", "FAL did not finish in time.", again, True
    if complaint.fal_type.startswith("downstream_service"):
        return "provider_bad_result", "The model's maker could not make a model of this input.", again, True
    if status >= 500 and complaint.is_from_model:
        return "provider_bad_result", "FAL's model failed.", again, True
    if status >= 500:
        return "provider_unreachable", "FAL could not run the model.", again, True
    message, hint = describe_refusal(complaint.fal_type, complaint.context)
    return "provider_rejected_input", message, hint, False
