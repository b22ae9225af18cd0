"""Does a picture go all the way through FAL: sent once, followed, collected, finished?"""

from __future__ import annotations

from decimal import Decimal

import pytest

from jobs.models import Artifact, Attempt, Event, Generation, Job

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def test_it_works(alice, scene):
    job = scene.make_job(alice)
    assert scene.send() == 1
    attempt = Attempt.objects.get()
    assert (attempt.submission, bool(attempt.request_id), attempt.endpoint) == (
        "accepted", True, "tripo3d/tripo/v2.5/image-to-3d",
    )  # fmt: skip
    generation = Generation.objects.get()
    assert (generation.status, generation.stage, generation.lease_until) == ("processing", "submitted", None)

    scene.follow_until_ready()
    assert scene.send() == 1
    generation.refresh_from_db()
    assert (generation.status, generation.stage) == ("processing", "postprocessing")

    assert scene.finish() == 1
    generation.refresh_from_db()
    assert (generation.status, generation.stage, generation.progress) == ("completed", "done", 100)
    roles = dict(Artifact.objects.values_list("role", "format"))
    assert roles == {"model": "glb", "preview": "webp"}
    assert Artifact.objects.get(role="model").faces > 0
    assert Job.objects.get(pk=job.pk).status == "completed"

    [submit] = scene.fal.submits()
    assert submit["unknown_inputs"] == []
    assert generation.cost_actual == Decimal("0.30")
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.cost) == ("completed", Decimal("0.30"))
    assert attempt.settled_at
    kinds = list(Event.objects.filter(job=job).values_list("kind", flat=True))
    assert kinds == ["created", "started", "completed", "model_completed"]


def test_several_with_formats(alice, scene):
    job = scene.make_job(alice, pictures=5, formats=["stl"])
    scene.run(job)
    job.refresh_from_db()
    assert (job.status, job.completed) == ("completed", 5)
    assert Artifact.objects.filter(format="stl").count() == 5
    assert max(scene.fal.count_submits(by="picture_url").values()) == 1
    assert len(scene.fal.submits()) == 5
