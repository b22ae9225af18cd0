"""What can be scripted? The fields of a scenario, of a fault and of a webhook delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

STEPS = (
    "token", "upload", "initiate", "put", "multipart", "submit", "status", "stream", "result", "cancel", "download",
    "run", "jwks", "history", "pricing", "payloads",
)  # fmt: skip
KINDS = ("answer", "delay", "hang", "close", "reset", "edit", "text", "cut", "short")
DOWNLOAD_KINDS = ("drip", "abort", "bomb", "redirect", "unsized")


class ScenarioError(ValueError):
    """A script asks for something that the virtual FAL does not know."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong at one step.

    answer   ``status``, ``body`` (JSON value, or text with ``content_type``), ``headers`` instead of the real answer
    delay    the real answer, ``seconds`` late (what it does, it does at once)
    hang     no answer until the client leaves
    close    the connection is closed without an answer; reset: the same with RST
    edit     the real JSON answer without the keys ``drop`` and with the keys ``put``
    text     the real status with ``body`` that is not JSON
    cut      the real JSON with the last half missing, correctly framed
    short    the real answer announced in full, closed after half of it
    drip     (download) ``rate`` bytes a second; abort: closed after ``share`` of the file; bomb: zeros, gzip-encoded,
             ``size`` bytes when unpacked; redirect: to ``location``; unsized: chunked, without Content-Length
    ``effect`` lets the step do its real work before an answer, a hang or a lost connection.
    """

    kind: str = "answer"
    status: int = 500
    body: Any = None
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    effect: bool = False
    drop: tuple[str, ...] = ()
    put: Mapping[str, Any] = field(default_factory=dict)
    rate: int = 1
    share: float = 0.5
    size: int = 0
    location: str = ""
    after: int = 0  # the first calls that go well
    times: int | None = None  # calls that go wrong; None is all the rest
    chance: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS + DOWNLOAD_KINDS:
            raise ScenarioError(f"no fault is called {self.kind!r}")

    def meets(self, call: int) -> bool:
        """Does it happen at this call (counted from 0) of the step?"""
        return call >= self.after and (self.times is None or call < self.after + self.times)


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """How the completion is announced to the caller's address."""

    deliver: bool = True
    times: int = 1  # deliveries of the same message, whatever is answered
    delay: float = 0.0  # seconds after completion
    early: bool = False  # delivered while the answer to the submit is still held back
    signature: str = "good"  # good, bad (of other bytes), stranger (of a key not in the JWKS), text (not hex)
    omit: tuple[str, ...] = ()  # headers left out, by the end of their name: "Signature"
    timestamp: str = ""  # literal text of the header, signed as it is
    timestamp_offset: float = 0.0  # seconds added to the time in the header
    request_id: str = ""  # another request id, in body and header
    header_request_id: str = ""  # another request id in the header only
    payload_error: bool = False
    pad_to_bytes: int = 0  # spaces after the JSON
    retry: bool = True  # again, with growing pauses, while the answer is not 2xx


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """How one request fares, from the queue to the download of its files."""

    name: str = ""
    queue_seconds: float | None = None
    queue_position: int | None = None  # shown at first, then falling evenly to 0
    run_seconds: float | None = None
    forever: bool = False  # IN_PROGRESS without end
    regressions: int = 0  # times that FAL re-queues the request while it runs
    logs: str = "plain"  # plain (message, timestamp, labels), levels (with level and source), none
    progress: bool = False  # log lines "progress: NN%"
    log_lines: tuple[str, ...] | None = None
    error: str = ""  # a name of errors.FAILURES: the answer of the result
    error_in_status: bool | None = None  # None: as FAL does, for infrastructure errors only
    billed: bool | None = None  # None: results are, failures are not
    stops_on_cancel: bool = False  # partner models run on and charge
    cancel_answer: str = "OK"  # of a request in the queue: OK, or CANCELLATION_REQUESTED
    result_lasts: float | None = None  # seconds after completion
    output_drop: tuple[str, ...] = ()
    output_put: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""  # a shape (models/shelf.py) instead of the one that fits the request
    glb_mb: float | None = None
    glb_bytes: int | None = None
    content_type: str = ""  # of the model's file
    file_host: str = ""  # host of the file addresses in the result
    file_lasts: float | None = None  # seconds after completion
    in_history: bool = True
    webhook: Webhook = field(default_factory=Webhook)
    faults: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)


def build_scenario(values: Mapping[str, Any], *, base: Scenario | None = None) -> Scenario:
    """A scenario from JSON values, the rest as in ``base``."""
    known = {each.name: getattr(base, each.name) for each in fields(Scenario)} if base else {}
    changes = dict(values)
    if "webhook" in changes:
        changes["webhook"] = _build(Webhook, changes["webhook"])
    if "faults" in changes:
        changes["faults"] = {**(base.faults if base else {}), **build_faults(changes["faults"])}
    scenario: Scenario = _build(Scenario, {**known, **changes})
    return scenario


def build_faults(values: Mapping[str, Any]) -> dict[str, tuple[Fault, ...]]:
    """Faults by step; one fault may stand without a list."""
    faults: dict[str, tuple[Fault, ...]] = {}
    for step, items in values.items():
        if step not in STEPS:
            raise ScenarioError(f"no step is called {step!r}")
        items = [items] if isinstance(items, Mapping | Fault) else items
        faults[step] = tuple(each if isinstance(each, Fault) else _build(Fault, each) for each in items)
    return faults


def _build(kind: type, values: Any) -> Any:
    if isinstance(values, kind):
        return values
    lists_as_tuples = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    try:
        return kind(**lists_as_tuples)
    except TypeError as error:
        raise ScenarioError(str(error)) from error
