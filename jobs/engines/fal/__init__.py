"""How does the product talk to FAL? One client with typed answers and errors; the only place with HTTP to FAL."""

from .answers import CancelAnswer, Download, HistoryEntry, Result, State, Status, UnitPrice
from .client import FalClient
from .download import MAX_FILE_BYTES
from .errors import (
    AccountProblem,
    DownloadError,
    DownloadTimeout,
    Failed,
    FalError,
    FileGone,
    Gone,
    NotAFile,
    NotReady,
    NotSent,
    OutcomeUnknown,
    Rejected,
    TooLarge,
    Transient,
    Truncated,
    UrlNotAllowed,
)
from .hosts import FalHosts
from .wire import Limits

__all__ = [
    "MAX_FILE_BYTES",
    "AccountProblem",
    "CancelAnswer",
    "Download",
    "DownloadError",
    "DownloadTimeout",
    "Failed",
    "FalClient",
    "FalError",
    "FalHosts",
    "FileGone",
    "Gone",
    "HistoryEntry",
    "Limits",
    "NotAFile",
    "NotReady",
    "NotSent",
    "OutcomeUnknown",
    "Rejected",
    "Result",
    "State",
    "Status",
    "TooLarge",
    "Transient",
    "Truncated",
    "UnitPrice",
    "UrlNotAllowed",
]
