"""How would a script make the same job again? The form fields of one upload by curl."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from jobs import catalog
from jobs.models import Generation, Job

NAMED = 3  # pictures; a longer list hides the rest of the command
OWN_FIELDS = ("face_limit", "texture", "seed")  # what the API takes beside an engine's own options


def describe_upload(job: Job, generations: Sequence[Generation]) -> dict[str, Any]:
    """``fields`` are quoted for a shell; ``unnamed``: how many pictures are left out. Reads prefetched inputs."""
    inputs = [entry for generation in generations for entry in generation.inputs.all()]
    sides = [entry.view for entry in generations[0].inputs.all()] if len(generations) == 1 else []
    named = inputs if len(sides) > 1 else inputs[:NAMED]
    fields = [f"files=@{entry.filename}" for entry in named]
    if len(sides) > 1:
        fields.append(f"views={','.join(sides)}")
    fields += _write_wishes(job)
    return {"fields": [shlex.quote(field) for field in fields], "unnamed": len(inputs) - len(named)}


def _write_wishes(job: Job) -> Iterator[str]:
    yield f"engine={job.engine}"
    for name in OWN_FIELDS:
        if job.options.get(name) is not None:
            yield f"{name}={job.options[name]}"
    if own := _list_own_options(job):
        yield f"options={json.dumps(own)}"
    if job.formats:
        yield f"formats={','.join(job.formats)}"
    if job.fallback == "local":
        yield "fallback=local"


def _list_own_options(job: Job) -> dict[str, Any]:
    """What was chosen of the engine's own options; the rest is as it comes anyway."""
    engine = catalog.ENGINES.get(job.engine)
    defaults = {option.name: option.default for option in engine.options} if engine else {}
    given = {name: value for name, value in job.options.items() if name not in OWN_FIELDS}
    return {name: value for name, value in given.items() if value != defaults.get(name)}
