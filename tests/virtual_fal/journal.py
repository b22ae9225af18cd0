"""What survives a restart of the virtual FAL? Accepted requests, uploads and cancels, one JSON line each."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from .fal_request import OVER, FalRequest
from .files import Upload
from .hosts import Place
from .scenarios.scenario import build_scenario
from .world import World


class Journal:
    """Written before the answer leaves, so that whoever was told of a request finds it again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def attach(self, world: World) -> None:
        """Do again what was done, then note what is done from now on."""
        for line in self._read_lines():
            self._replay(world, line)
        self._file = self.path.open("a", buffering=1)
        world.journal = self

    def note_submit(self, request: FalRequest) -> None:
        """The times are noted as they were decided: the options may be others after the restart."""
        wait = request.eligible_at - request.submitted_at
        scenario = replace(request.scenario, queue_seconds=wait, run_seconds=request.run_seconds)
        self._write(
            "submit",
            id=request.id,
            endpoint=request.endpoint_id,
            arguments=request.arguments,
            at=request.submitted_at,
            headers=dict(request.headers),
            webhook=request.webhook,
            scenario=asdict(scenario),
            place=asdict(request.place),
        )

    def note_upload(self, upload: Upload) -> None:
        self._write("upload", **asdict(upload))

    def note_cancel(self, request: FalRequest, at: float) -> None:
        self._write("cancel", id=request.id, at=at)

    def note_reset(self) -> None:
        self._file.truncate(0)

    def _read_lines(self) -> list[dict[str, Any]]:
        """Whole lines only: a kill may have torn the last one, of which nobody was told."""
        text = self.path.read_text() if self.path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            self.path.write_text(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def _write(self, kind: str, **values: Any) -> None:
        self._file.write(json.dumps({"kind": kind, **values}) + "\n")

    def _replay(self, world: World, line: dict[str, Any]) -> None:
        kind = line.pop("kind")
        if kind == "upload":
            world.files.add(Upload(**line))
        elif kind == "cancel":
            request = world.requests[line["id"]]
            world.schedule.advance(line["at"])
            if request.state != OVER:
                world.schedule.cancel(request, line["at"], honoured=request.scenario.stops_on_cancel)
        else:
            world.schedule.advance(line["at"])
            _replay_submit(world, line)


def _replay_submit(world: World, line: dict[str, Any]) -> None:
    world.accept(
        line["endpoint"],
        line["arguments"],
        subject=world.describe_subject(line["endpoint"], line["arguments"], line["webhook"]),
        scenario=build_scenario(line["scenario"]),
        place=Place(**line["place"]),
        headers=line["headers"],
        request_id=line["id"],
        at=line["at"],
    )
