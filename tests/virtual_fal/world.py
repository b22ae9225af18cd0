"""What is the state of the virtual FAL? Requests, files, scripts and money in one place, changed by its verbs only."""

from __future__ import annotations

import asyncio
import json
import random
import zlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from .clock import Clock
from .endpoints import APPS, ENDPOINTS, find_app
from .errors import FAILURES, Failure
from .fal_request import FalRequest
from .files import Files, Upload
from .hosts import Place
from .inputs import Picture, check_input, list_picture_urls
from .ledger import Ledger
from .models.shelf import Shelf
from .options import Options
from .outputs import Composer
from .scenarios import Fault, Scenario, Scripts, Webhook, read_scenario
from .scenarios.presets import PRESETS
from .scenarios.scripts import Subject
from .schedule import Schedule
from .weather import Weather
from .webhooks import Courier, Signer

if TYPE_CHECKING:
    from .journal import Journal

_REFUSED_AFTER = 0.3  # seconds of run time until a model refuses its input


class World:
    def __init__(self, options: Options, directory: Path) -> None:
        self.options, self.directory = options, directory
        self.clock, self.weather, self.scripts = Clock(), Weather(), Scripts()
        self.random = random.Random(options.seed)
        self.ledger = Ledger(size=options.ledger_size)
        self.files = Files(directory)
        self.shelf = Shelf(directory / "models", pictures=self.files.pictures, models=options.models)
        self.signer = Signer(directory)
        self.courier = Courier(
            self.signer, now=self.clock.now, pause=options.webhook_retry_seconds, log=self.ledger.deliveries
        )
        self.requests: dict[str, FalRequest] = {}
        self.schedule = self._make_schedule()
        self.journal: Journal | None = None
        self.apply_weather: Callable[[], Awaitable[None]] = _do_nothing
        self._first_options = options
        self._timer: asyncio.TimerHandle | None = None

    def reset(self) -> None:
        """As if nothing had ever been asked; files made for results stay on the shelf."""
        self.courier.forget()
        self.requests.clear()
        self.options = self._first_options
        self.schedule = self._make_schedule()
        for each in (self.ledger, self.files, self.scripts, self.weather):
            each.clear()
        self.clock.skipped = 0.0
        if self.journal:
            self.journal.note_reset()

    async def close(self) -> None:
        if self._timer:
            self._timer.cancel()
        self.shelf.close()
        await self.courier.close()

    def now(self) -> float:
        """This moment, with everything done that was due before it."""
        moment = self.clock.now()
        due = self.schedule.next_event
        if due is not None and due <= moment:
            self.schedule.advance(moment)
            self.set_timer()
        return moment

    def set_timer(self) -> None:
        """One timer for all requests: it fires at the next event, so that webhooks leave without any poll."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        due = self.schedule.next_event
        if due is not None:
            delay = max(0.0, due - self.clock.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._wake)

    def _wake(self) -> None:
        """The loop's clock may be a little ahead of the wall's: then the timer is simply set again."""
        self.now()
        self.set_timer()

    def find_scenario(self, subject: Subject, *, asked: str = "", uses_up: bool = False) -> Scenario:
        """The scenario asked for by the call itself, else that of the newest script that fits."""
        if asked:
            return read_scenario(json.loads(asked) if asked.startswith("{") else asked)
        script = self.scripts.find(subject)
        if script is None:
            return PRESETS[self.options.scenario]
        script.used += uses_up
        return script.scenario

    def find_fault(self, step: str, scenario: Scenario, subject: str) -> Fault | None:
        fault = self.weather.find_fault(step, self.clock.now())
        faults = scenario.faults.get(step)
        if fault is None and faults:
            fault = self.scripts.next_fault(faults, step=step, subject=subject)
        if fault and fault.chance < 1 and self.random.random() >= fault.chance:
            return None
        return fault

    def describe_subject(self, endpoint_id: str, arguments: Any, webhook: str) -> Subject:
        now = self.clock.now()
        urls = list_picture_urls(ENDPOINTS.get(endpoint_id), arguments)
        found = [file for _, url in urls if (file := self.files.resolve(url, now=now))]
        return Subject(
            pictures=[picture for picture, _ in found],
            file_names=[name for _, name in found],
            endpoint=endpoint_id,
            arguments=arguments if isinstance(arguments, dict) else {},
            webhook=webhook,
            look_of=self.files.find_look,
        )

    def accept(
        self, endpoint_id: str, arguments: Any, *, subject: Subject, scenario: Scenario, place: Place,
        headers: Mapping[str, str], request_id: str = "", at: float | None = None,
    ) -> FalRequest:  # fmt: skip
        """Create the request: from here on it is money."""
        moment = self.clock.now() if at is None else at
        queue_seconds = self.options.queue_seconds if scenario.queue_seconds is None else scenario.queue_seconds
        request = FalRequest(
            id=request_id or str(uuid4()),
            endpoint_id=endpoint_id,
            app=find_app(endpoint_id.split("/")),
            endpoint=ENDPOINTS.get(endpoint_id),
            arguments=arguments,
            pictures=subject.pictures,
            place=place,
            headers=headers,
            webhook=subject.webhook,
            scenario=scenario,
            submitted_at=moment,
            eligible_at=moment + queue_seconds,
            run_seconds=self._choose_run_seconds(endpoint_id, scenario, subject),
            start_deadline=_read_deadline(headers, moment),
            is_low=headers.get("x-fal-queue-priority") == "low",
            keeps_payloads=headers.get("x-fal-store-io") != "0",
            marker=_find_marker(subject),
        )
        self.requests[request.id] = request
        self.ledger.requests.append(request)
        if self.journal:
            self.journal.note_submit(request)
        self.schedule.add(request)
        self.schedule.advance(moment)
        self.set_timer()
        return request

    def keep_upload(self, upload: Upload) -> None:
        self.files.add(upload)
        if self.journal:
            self.journal.note_upload(upload)

    def cancel(self, request: FalRequest) -> None:
        moment = self.now()
        self.schedule.cancel(request, moment, honoured=request.scenario.stops_on_cancel)
        if self.journal:
            self.journal.note_cancel(request, moment)
        self.set_timer()

    def finish(self, request: FalRequest) -> None:
        self.schedule.finish(request, self.now())
        self.set_timer()

    async def compose_output(self, request: FalRequest) -> dict[str, Any]:
        if request.output is None:
            request.output = await Composer(request, self.shelf, glb_mb=self.options.glb_mb).compose()
        return request.output

    async def write_message(self, request: FalRequest) -> dict[str, Any]:
        """The webhook's message of a request that is over."""
        failure = request.failure
        ids = {"gateway_request_id": request.gateway_id, "request_id": request.id}
        if failure is None:
            return {**ids, "error": None, "payload": await self.compose_output(request), "status": "OK"}
        payload = failure.body if isinstance(failure.body, dict) else None
        message: dict[str, Any] = {**ids, "error": f"Invalid status code: {failure.status}", "payload": payload}
        return {**message, "status": "ERROR"}

    def knows_app(self, app: str) -> bool:
        return app in APPS

    def _make_schedule(self) -> Schedule:
        return Schedule(self.options.concurrency, on_start=self._start, judge=self._judge, on_end=self._end)

    def _choose_run_seconds(self, endpoint_id: str, scenario: Scenario, subject: Subject) -> float:
        for fixed in (scenario.run_seconds, self.options.run_seconds):
            if fixed is not None:
                return fixed
        endpoint = ENDPOINTS.get(endpoint_id)
        seconds = (endpoint.seconds if endpoint else 1.0) / self.options.speed
        spread = zlib.crc32("".join(subject.pictures).encode()) % 2001 / 1000 - 1
        return seconds * (1 + self.options.jitter * spread)

    def _start(self, request: FalRequest) -> None:
        """The input is read now, not at submit: by then a picture may be gone."""
        request.problem = self._refuse(request)
        if request.problem:
            request.run_seconds = min(request.run_seconds, _REFUSED_AFTER)
        elif request.pictures:
            self.shelf.prepare(request.pictures[0])

    def _refuse(self, request: FalRequest) -> Failure | None:
        if request.endpoint is None:
            return FAILURES["path_not_found"]
        now = self.clock.now()

        def find_picture(url: str) -> Picture | None:
            found = self.files.resolve(url, now=now)
            return None if found is None else self.files.describe(found[0])

        return check_input(request.endpoint, request.arguments, find_picture=find_picture)

    def _judge(self, request: FalRequest) -> Failure | None:
        return FAILURES[request.scenario.error] if request.scenario.error else request.problem

    def _end(self, request: FalRequest) -> None:
        webhook = request.scenario.webhook
        if request.webhook and webhook.deliver and not webhook.early:
            self.announce(request)

    def announce(self, request: FalRequest, webhook: Webhook | None = None) -> None:
        """Send the message of a request that is over, when and how its scenario says."""
        webhook = webhook or request.scenario.webhook
        self.courier.dispatch(request.webhook, lambda: self.write_message(request), webhook)


async def _do_nothing() -> None:
    """Stands for the listeners until there are some."""


def _read_deadline(headers: Mapping[str, str], moment: float) -> float | None:
    text = headers.get("x-fal-request-start-timeout") or headers.get("x-fal-request-timeout")
    return moment + float(text) if text else None


def _find_marker(subject: Subject) -> str:
    """What tells the attempts of one picture apart: the last part of the webhook's path."""
    return subject.webhook.split("?")[0].rstrip("/").rpartition("/")[2]
