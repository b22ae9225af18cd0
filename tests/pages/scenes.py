"""What is on the pages that a browser looks at? Jobs whose previews are real pictures, and files to drop."""

from __future__ import annotations

import base64
from dataclasses import replace

from playwright.sync_api import Page

from accounts.models import User
from jobs import files
from jobs.models import Generation, Job
from jobs.services import runs
from jobs.states import Stage
from tests.factories import claim, make_artifact, make_job, make_picture
from tests.pictures import draw_mug, encode_png, encode_webp

# Adds up what moved without anybody's doing, from the first paint on.
WATCH_SHIFTS = """
  window.shifts = 0;
  window.shifted = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      window.shifts += entry.value;
      window.shifted.push(...entry.sources.map((source) => source.node?.className ?? String(source.node)));
    }
  }).observe({ type: "layout-shift", buffered: true });
"""
MAKE_TRANSFER = """(files) => {
  const transfer = new DataTransfer();
  for (const [name, data] of files) {
    transfer.items.add(new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], name));
  }
  return transfer;
}"""
WARNINGS = ["low_confidence", "touches_border", "other_objects_ignored"]


def finish_one(job: Job, *, warnings: tuple[str, ...] | list[str] = ()) -> Generation:
    """The next generation of the job, completed with a model, a preview and a mask that can be looked at."""
    generation = claim(job)
    artifacts = [make_artifact(generation)]
    for role, format_id, data in (
        ("preview", "webp", encode_webp(draw_mug())),
        ("mask", "png", encode_png(draw_mug().getchannel("A"))),
    ):
        artifact = make_artifact(generation, role=role, format_id=format_id)
        files.write_file(artifact.path, data)
        artifacts.append(replace(artifact, size=len(data)))
    runs.complete_generation(generation, artifacts=artifacts, warnings=warnings)
    return generation


def fail_one(job: Job) -> Generation:
    generation = claim(job)
    failure = runs.Failure(
        code="no_object", message="No object was found in the picture.", hint="Use a plain background."
    )
    runs.fail_generation(generation, failure=failure)
    return generation


def make_busy_job(owner: User) -> Job:
    """One done, one failed, one running, two waiting."""
    job = make_job(owner, names=["mug.png", "vase.png", "a-shoe-with-a-long-name.png", "hat.png", "cap.png"])
    finish_one(job, warnings=WARNINGS)
    fail_one(job)
    runs.record_progress(claim(job), stage=Stage.GENERATING, percent=40)
    job.refresh_from_db()
    return job


def finish_all(job: Job) -> Job:
    job.refresh_from_db()
    for _ in range(job.queued):
        finish_one(job)
    job.refresh_from_db()
    return job


def picture_file(number: int = 0, *, name: str = "") -> dict:
    """As Playwright takes a file to choose."""
    return {"name": name or f"chair-{number}.png", "mimeType": "image/png", "buffer": make_picture(number)}


def drop(page: Page, *named: tuple[str, bytes]) -> None:
    """Let files fall onto the drop zone."""
    encoded = [[name, base64.b64encode(data).decode()] for name, data in named]
    transfer = page.evaluate_handle(MAKE_TRANSFER, encoded)
    page.dispatch_event(".dropzone", "drop", {"dataTransfer": transfer})
