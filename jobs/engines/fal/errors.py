"""What can FAL answer instead of doing as asked? One class for each consequence, each with a code of the contract."""

from __future__ import annotations

from typing import Literal

from jobs.engines.base import EngineError

ENDPOINT_GONE = "endpoint_gone"  # our own word for the type of a 404
AccountReason = Literal["auth", "balance", "locked"]


class FalError(EngineError):
    """FAL did not do what was asked.

    ``fal_type`` is FAL's own name for the trouble, ``detail`` its own words (for staff, never for decisions),
    ``http_status`` its answer if there was one.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        retryable: bool = False,
        fal_type: str = "",
        detail: str = "",
        http_status: int | None = None,
    ) -> None:
        super().__init__(code, message, hint=hint, retryable=retryable)
        self.fal_type = fal_type
        self.detail = detail
        self.http_status = http_status


class NotSent(FalError):
    """Submit: FAL has created nothing, for certain. The same attempt may be sent again, later."""


class Rejected(FalError):
    """Submit or upload: FAL said no to this input. Sending it again would not help."""

    @property
    def is_endpoint_gone(self) -> bool:
        return self.http_status == 404


class OutcomeUnknown(FalError):
    """Submit: FAL may have created a paid request, and we do not know which. Never send again by itself."""


class AccountProblem(FalError):
    """Any call: FAL does not serve this key now. Nothing was created; everything waits until a person helps."""

    def __init__(
        self, reason: AccountReason, message: str, *, detail: str = "", http_status: int | None = None
    ) -> None:
        code = "provider_balance_exhausted" if reason == "balance" else "provider_auth_failed"
        super().__init__(
            code, message, hint=_ACCOUNT_HINTS[reason], retryable=True, detail=detail, http_status=http_status
        )
        self.reason: AccountReason = reason


class Transient(FalError):
    """Status, result, cancel, upload and others: no usable answer this time. Ask again, more slowly."""


class Gone(FalError):
    """Status or result: FAL does not know the request (any more). Ask a few times more before believing it."""


class NotReady(FalError):
    """Result: the request is not over yet."""


class Failed(FalError):
    """Result: the request is over and there is no model. ``retryable``: a new, paid attempt could succeed."""

    @property
    def is_cancelled(self) -> bool:
        return self.http_status == 499

    @property
    def has_never_started(self) -> bool:
        """It waited in FAL's queue longer than we allowed: nothing ran, nothing is charged."""
        return self.fal_type == "start_timeout"


class DownloadError(FalError):
    """A result's file could not be fetched. ``retryable``: the same file may come later; no new attempt is needed."""


class UrlNotAllowed(DownloadError):
    """The address is not one of FAL's file hosts."""

    def __init__(self, detail: str) -> None:
        message = "FAL's result points to an address that is not one of FAL's file hosts."
        super().__init__("result_url_not_allowed", message, detail=detail)


class TooLarge(DownloadError):
    """The file is larger than we take."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__("result_too_large", f"The model file is larger than {max_bytes // (1 << 20)} MiB.")


class Truncated(DownloadError):
    """The connection ended before the file did."""

    def __init__(self, detail: str) -> None:
        super().__init__("result_truncated", "The model file arrived incomplete.", retryable=True, detail=detail)


class DownloadTimeout(DownloadError):
    """The file came too slowly."""

    def __init__(self, detail: str) -> None:
        super().__init__("result_download_timeout", "The download was too slow.", retryable=True, detail=detail)


class FileGone(DownloadError):
    """FAL does not have the file (any more); reading the result again may bring a new address."""

    def __init__(self, http_status: int) -> None:
        message = "FAL no longer has the model file."
        super().__init__("result_expired", message, retryable=True, http_status=http_status)


class NotAFile(DownloadError):
    """A page or packed data where a file should be."""

    def __init__(self, detail: str) -> None:
        super().__init__("result_invalid_glb", "FAL sent something else instead of a model file.", detail=detail)


_ACCOUNT_HINTS: dict[AccountReason, str] = {
    "auth": "The operator needs to check FAL_KEY. Waiting generations go on by themselves afterwards.",
    "balance": "The operator needs to top up the FAL account. Waiting generations go on by themselves afterwards.",
    "locked": "The operator needs to ask FAL's support. Waiting generations go on by themselves afterwards.",
}
