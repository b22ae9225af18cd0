"""How is a caller told what went wrong? Every exception becomes the one envelope of the wire contract."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts.errors import AccountError, TooManyFailures
from image2model.answers import build_error, list_refusal_headers
from image2model.middleware import request_id_var
from image2model.rest import Refusal
from image2model.storage import StorageUnavailable
from jobs.errors import STATUS_OF_CODE, JobError

logger = logging.getLogger(__name__)

RETRY_AFTER = {429: 30, 503: 5}  # seconds, where nobody knows better


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the envelope will say."""

    code: str
    message: str
    hint: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    retry_after: int | None = None

    @property
    def status(self) -> int:
        return STATUS_OF_CODE[self.code]


def answer_error(error: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's exception handler."""
    answer = read_error(error)
    if answer.status >= 500:
        _log(error, answer, request=context.get("request"))
    set_rollback()
    _answer_in_json(context.get("request"))
    body = build_error(answer.code, answer.message, answer.status, hint=answer.hint, details=answer.details)
    return Response(body, status=answer.status, headers=list_headers(answer), content_type="application/json")


def read_error(error: Exception) -> Answer:
    for kinds, read in READERS:
        if isinstance(error, kinds) and (answer := read(error)) is not None:
            return answer
    return Answer(code="internal_server_error", message="Something went wrong on our side. It has been logged.")


def _answer_in_json(request: Request | None) -> None:
    """Also where the answer would have been a page or a file."""
    if request is not None:
        request.accepted_renderer, request.accepted_media_type = JSONRenderer(), "application/json"


def list_headers(answer: Answer) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if answer.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if answer.status in RETRY_AFTER:
        wait = answer.retry_after or RETRY_AFTER[answer.status]
        headers |= list_refusal_headers(answer.details if answer.status == 429 else {}, retry_after=wait)
    if answer.status == 416:
        headers["Content-Range"] = f"bytes */{answer.details['size']}"
    return headers


def _log(error: Exception, answer: Answer, *, request: Request | None) -> None:
    """By its route: an address may end with the name of somebody's file."""
    match = request.resolver_match if request is not None else None
    asked = f"{request.method} {match.route}" if request is not None and match else "A request"
    if answer.status == 503:
        logger.warning("%s: %s: %s", asked, answer.code, error)
    else:
        logger.error("%s failed in request %s.", asked, request_id_var.get(), exc_info=error)


def _read_job_error(error: Any) -> Answer:
    return Answer(
        code=error.code,
        message=error.message,
        hint=error.hint,
        details=error.details,
        retry_after=error.retry_after,
    )


def _read_account_error(error: Any) -> Answer:
    details = {"parameter": error.field} if error.field else {}
    return Answer(code=error.code, message=error.message, hint=error.hint, details=details)


def _read_refusal(error: Any) -> Answer:
    return Answer(code=error.code, message=str(error.detail), hint=error.hint, details=error.details)


def _read_credentials(error: Any) -> Answer:
    return Answer(code="invalid_api_key", message="The API key is wrong, expired or revoked.",
                  hint="Make a new key on your account's page.")  # fmt: skip


def _read_no_credentials(error: Any) -> Answer:
    return Answer(code="not_authenticated", message="Who is calling? Credentials are missing.",
                  hint="Send the header Authorization: Bearer <API key>.")  # fmt: skip


def _read_permission(error: Any) -> Answer:
    """With the code that was given, when it is one of the contract's."""
    code = getattr(getattr(error, "detail", ""), "code", "")
    if STATUS_OF_CODE.get(code) == 403:
        return Answer(code=code, message=str(error.detail))
    return Answer(code="permission_denied", message="You may not do this.")


def _read_validation(error: Any) -> Answer:
    details = error.detail if isinstance(error.detail, dict) else {"errors": error.detail}
    return Answer(code="invalid_parameter", message="A value cannot be used.", details={"fields": details})


def _read_throttled(error: Any) -> Answer:
    return Answer(code="rate_limited", message="Too many requests.", retry_after=error.wait and int(error.wait) + 1)


def _read_failures(error: Any) -> Answer:
    return Answer(code="rate_limited", message="Too many failed tries.", retry_after=error.seconds)


def _read_database_error(error: Any) -> Answer:
    """A full disk reaches us as a database error, too."""
    cause = error.__cause__
    if getattr(cause, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(cause, "sqlstate", "") == "53100":
        return _STORAGE_FULL
    return Answer(code="database_unavailable", message="The database cannot be reached at the moment.",
                  hint="Try again in a few seconds.")  # fmt: skip


def _read_internal_error(error: Any) -> Answer | None:
    """PostgreSQL takes no writes: it has become a replica, or somebody protects its last bytes."""
    read_only = getattr(error.__cause__, "sqlstate", "") == "25006"
    return _read_database_error(error) if read_only else None


def _read_os_error(error: Any) -> Answer | None:
    if isinstance(error, StorageUnavailable):
        return Answer(code="file_unavailable", message="The file storage cannot be reached at the moment.",
                      hint="Try again in a minute.", retry_after=60)  # fmt: skip
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _STORAGE_FULL
    return _NOTHING_STORED if error.errno in _UNWRITABLE else None


_STORAGE_FULL = Answer(
    code="storage_full", message="There is no room left to store anything.", hint="Try again later.", retry_after=60
)
# Read-only, not ours, broken, unmounted, something else in the folder's place, no file descriptor left.
_UNWRITABLE = frozenset(
    (errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTDIR,
     errno.EEXIST, errno.EMFILE, errno.ENFILE)
)  # fmt: skip
_NOTHING_STORED = Answer(
    code="storage_full", message="Nothing can be stored at the moment.", hint="Try again later.", retry_after=60
)


def _say(code: str, message: str, *, hint: str = "") -> Callable[[Any], Answer]:
    return lambda _: Answer(code=code, message=message, hint=hint)


def _repeat(code: str) -> Callable[[Any], Answer]:
    return lambda error: Answer(code=code, message=str(error.detail))


# The first that fits is used.
READERS: tuple[tuple[Any, Callable[[Any], Answer | None]], ...] = (
    (JobError, _read_job_error),
    (AccountError, _read_account_error),
    (TooManyFailures, _read_failures),
    (Refusal, _read_refusal),
    ((Http404, exceptions.NotFound), _say("not_found", "There is nothing at this address.")),
    (exceptions.NotAuthenticated, _read_no_credentials),
    (exceptions.AuthenticationFailed, _read_credentials),
    ((PermissionDenied, exceptions.PermissionDenied), _read_permission),
    (exceptions.MethodNotAllowed, _repeat("method_not_allowed")),
    (exceptions.NotAcceptable, _say("not_acceptable", "Answers are JSON; accept application/json.")),
    (exceptions.UnsupportedMediaType, _repeat("unsupported_media_type")),
    (exceptions.Throttled, _read_throttled),
    (exceptions.ValidationError, _read_validation),
    (exceptions.APIException, _say("bad_request", "The request could not be understood.")),
    (RequestDataTooBig, _say("request_too_large", "The request is too large.")),
    (TooManyFilesSent, _say("too_many_files", "There are too many files.", hint="Split them into several jobs.")),
    (TooManyFieldsSent, _say("too_many_fields", "There are too many fields.")),
    (MultiPartParserError, _say("malformed_multipart", "The form could not be read.")),
    (UnreadablePostError, _say("incomplete_upload", "The upload ended early.", hint="Send it again.")),
    (SuspiciousOperation, _say("bad_request", "The request could not be understood.")),
    ((OperationalError, InterfaceError), _read_database_error),
    (InternalError, _read_internal_error),
    (OSError, _read_os_error),
)
