"""From a finished request to stored files: rows J15 to J23 and K of the bad inputs."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from django.db import connections

from jobs import files
from jobs.fal import artifacts
from jobs.fal import collecting as collecting_steps
from jobs.models import Artifact, Attempt, Generation, LedgerEntry
from jobs.services import cancel_job
from jobs.services.runs import NewArtifact
from tests.running import wait_until
from tests.virtual_fal.scenarios import ROWS

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

COMPLETED = {"two-models", "extra-fields"}
NO_RESULT = [name for name in ROWS["J15"] if name not in COMPLETED]
CODES = {
    "K02": {"result_invalid_glb"},
    "K04": {"result_invalid_glb", "result_truncated"},
    "K06": {"result_invalid_glb"},
    "K08": {"result_invalid_glb"},
    "K10": {"result_invalid_glb"},
    "K12": {"result_too_complex"},
    "K14": {"result_invalid_glb"},
}
BROKEN = [(row, name) for row, codes in CODES.items() for name in ROWS[row] if codes]


def collect(scene, owner, scenario, **more) -> Generation:
    """A request that is over is collected by one doorbell."""
    job = scene.make_job(owner, **more)
    scene.fal.script(scenario)
    return scene.run(job)


@pytest.mark.parametrize("scenario", sorted(COMPLETED))
def test_j15_more_than_was_asked_for(alice, scene, scenario):
    assert collect(scene, alice, scenario).status == "completed"


@pytest.mark.parametrize("scenario", NO_RESULT)
def test_j15_no_model_in_the_result(alice, scene, scenario):
    generation = collect(scene, alice, scenario)
    assert (generation.status, generation.error_code) == ("failed", "provider_bad_result")
    assert len(scene.fal.submits()) == 1
    assert Attempt.objects.get().settled_at
    assert LedgerEntry.objects.get().state == "actual"  # FAL billed it


@pytest.mark.parametrize(
    "scenario", [*ROWS["J17"], "model-url-metadata", "model-url-file", "model-url-foreign", "download-redirect-loop"]
)
def test_j17_a_file_elsewhere_is_not_fetched(alice, scene, scenario):
    generation = collect(scene, alice, scenario)
    assert (generation.status, generation.error_code) == ("failed", "result_url_not_allowed")


def test_j19_a_download_is_tried_three_times(alice, scene):
    assert collect(scene, alice, "download-500-twice").status == "completed"
    assert len(scene.fal.ledger(step="download")["requests"]) == 3


def test_a_file_host_that_is_away_for_long_is_waited_for(alice, scene):
    job = scene.make_job(alice)
    scene.fal.script({"faults": {"download": {"kind": "answer", "status": 503, "times": 6}}})
    assert scene.run(job).status == "completed"
    assert len(scene.fal.ledger(step="result")["requests"]) == 1  # it is read once


def test_j21_a_drip_frees_the_worker(alice, scene, monkeypatch):
    monkeypatch.setattr(collecting_steps, "MOST_TRIES", 2)
    generation = collect(scene, alice, "download-drip")
    assert (generation.status, generation.error_code) == ("failed", "result_download_timeout")


def test_a_drip_that_passes_costs_no_model(alice, scene):
    """The way may have been slow because our own machine was; the model is paid for."""
    job = scene.make_job(alice)
    scene.fal.script({"faults": {"download": {"kind": "drip", "rate": 1, "times": 4}}})
    assert scene.run(job).status == "completed"
    assert len(scene.fal.submits()) == 1


@pytest.mark.parametrize("scenario", ROWS["J23"])
def test_j23_no_file_at_all(alice, scene, scenario):
    generation = collect(scene, alice, scenario)
    assert (generation.status, generation.error_code) == ("failed", "result_invalid_glb")


def test_a_file_that_has_gone_is_read_anew_and_given_up(alice, scene, monkeypatch):
    monkeypatch.setattr(collecting_steps, "MOST_TRIES", 2)
    generation = collect(scene, alice, "files-expired")
    assert (generation.status, generation.error_code) == ("failed", "result_expired")
    assert len(scene.fal.ledger(step="result")["requests"]) == 2


@pytest.mark.parametrize(
    "scenario", ["result-500-twice", "result-text-twice", "result-close-twice", "result-in-progress-twice"]
)
def test_a_result_that_does_not_come_at_once(alice, scene, scenario):
    assert collect(scene, alice, scenario).status == "completed"
    assert len(scene.fal.submits()) == 1


@pytest.mark.parametrize(
    ("scenario", "code", "retryable"),
    [
        ("result-generation-timeout", "provider_timeout", True),
        ("result-downstream-service-error", "provider_bad_result", True),
        ("result-internal-server-error", "provider_bad_result", True),
    ],
)
def test_a_failure_at_fal_is_told_and_not_repeated(alice, scene, scenario, code, retryable):
    generation = collect(scene, alice, scenario)
    assert (generation.status, generation.error_code, generation.error_retryable) == ("failed", code, retryable)
    assert len(scene.fal.submits()) == 1
    assert generation.cost_actual == 0


@pytest.mark.parametrize(("row", "scenario"), BROKEN)
def test_k_a_broken_model_is_refused(alice, scene, row, scenario):
    generation = collect(scene, alice, scenario)
    assert generation.status == "failed"
    assert generation.error_code in CODES[row]
    assert not Artifact.objects.exists()
    assert list(files.list_files(files.ARTIFACTS)) == []


@pytest.mark.parametrize("scenario", ROWS["K16"])
def test_k16_a_model_that_cannot_be_converted_is_delivered(alice, scene, scenario):
    generation = collect(scene, alice, scenario, formats=["stl"])
    assert generation.status == "completed"
    assert "conversion_unsupported:stl" in generation.warnings
    assert list(Artifact.objects.values_list("role", flat=True)) == ["model"]


def test_an_fbx_is_kept_with_a_note(alice, scene):
    generation = collect(scene, alice, "fbx")
    assert (generation.status, generation.warnings) == ("completed", ["no_glb"])
    assert set(Artifact.objects.values_list("role", "format")) == {("raw", "fbx"), ("preview", "webp")}


def test_nothing_is_left_beside_the_stored_files(alice, scene, settings):
    from pathlib import Path

    collect(scene, alice, "default")
    assert not list(Path(settings.FILE_UPLOAD_TEMP_DIR).glob("fal-*"))


def test_the_download_of_a_dead_worker_goes_in_time(alice, scene, settings):
    old, young = (Path(settings.FILE_UPLOAD_TEMP_DIR) / f"fal-{name}" for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half a model")
    os.utime(old, (1, 1))
    scene.send()
    assert (old.exists(), young.exists()) == (False, True)
    young.unlink()


def test_a_full_disk_waits_without_asking_fal_again(alice, scene, monkeypatch):
    from jobs.services.fal import collecting

    monkeypatch.setattr(collecting, "FULL_DISK_SECONDS", 0)
    job = scene.make_job(alice)
    scene.send()
    scene.follow_until_ready()

    def find_no_room(path, source):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(artifacts.files, "store_file", find_no_room)
        patch.setattr(collecting, "FULL_DISK_SECONDS", 600)
        scene.send()
    generation = Generation.objects.get()
    assert (generation.status, generation.waiting_reason) == ("processing", "storage_full")
    Attempt.objects.update(next_poll_at=Attempt.objects.get().ready_at)
    assert scene.run(job).status == "completed"
    assert len(scene.fal.ledger(step="result")["requests"]) == 1


def test_cancelled_while_it_is_being_fetched(alice, scene, monkeypatch):
    job = scene.make_job(alice)
    scene.send()
    scene.follow_until_ready()
    store = artifacts.files.store_file

    def cancel_and_store(path, source):
        cancel_job(job, actor="alice")
        connections.close_all()  # of this thread, which never saw the database before
        store(path, source)

    monkeypatch.setattr(artifacts.files, "store_file", cancel_and_store)
    scene.send()
    generation, attempt = Generation.objects.get(), Attempt.objects.get()
    assert (generation.status, attempt.outcome) == ("cancelled", "cancelled")
    assert attempt.settled_at
    assert generation.cost_actual > 0
    assert not Artifact.objects.exists()


def test_a_second_worker_finds_nothing_to_fetch(alice, scene):
    from jobs.services.fal.collecting import claim_ready

    scene.make_job(alice)
    scene.send()
    scene.follow_until_ready()
    assert len(claim_ready(at_most=5)) == 1
    assert claim_ready(at_most=5) == []


def test_a_dead_worker_is_replaced(alice, scene):
    from jobs.services.fal.collecting import claim_ready

    job = scene.make_job(alice)
    scene.send()
    scene.follow_until_ready()
    claim_ready(at_most=5)
    attempt = Attempt.objects.get()
    Attempt.objects.update(lease_until=attempt.ready_at)
    assert scene.run(job).status == "completed"


def test_a_worker_that_slept_fetches_nothing_twice(alice, scene, monkeypatch):
    """Its leases have lapsed when it wakes up; what it has in hand looks free."""
    from jobs.services.fal import collecting

    job = scene.make_job(alice)
    scene.send()
    scene.follow_until_ready()
    claim, store = collecting.claim_ready, artifacts.files.store_file
    looks, stored = [], []

    def look(**wanted):
        looks.append(wanted)
        return claim(**wanted)

    def store_late(path, source):
        wait_until(lambda: len(looks) > 1, what="the next look")
        stored.append(path)
        store(path, source)

    monkeypatch.setattr(collecting, "LEASE_SECONDS", -1)
    monkeypatch.setattr(collecting, "claim_ready", look)
    monkeypatch.setattr(artifacts.files, "store_file", store_late)
    assert scene.run(job).status == "completed"
    assert len(stored) == 1


def test_the_same_result_twice_at_once_keeps_its_file(alice, scene):
    """Of a second try, whose record removes the files of the first."""
    from jobs.services.fal import collecting

    scene.make_job(alice)
    scene.send()
    scene.follow_until_ready()
    Generation.objects.update(attempt=2)
    Attempt.objects.update(number=2)
    [attempt] = collecting.claim_ready(at_most=1)
    path = f"{files.attempt_folder(attempt.generation_id, 2)}/model.glb"
    files.write_file(path, b"model")
    model = NewArtifact(role="model", format="glb", path=path, filename="a.glb", content_type="model/gltf-binary",
                        size=5, sha256="0" * 64)  # fmt: skip
    both = [collecting.Collected(attempt=attempt, artifacts=(model,))] * 2
    assert collecting.record_collected(both) == {attempt.pk}
    assert Artifact.objects.get().path == path
    assert files.exists(path)


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "status"), [("model-200-mib", "completed"), ("model-over-200-mib", "failed")])
def test_k18_the_largest_model(alice, scene, scenario, status, monkeypatch):
    from dataclasses import replace

    from jobs.fal import client

    monkeypatch.setattr(client, "limits", replace(client.limits, download_seconds=120, window_seconds=30))
    job = scene.make_job(alice)
    scene.fal.script(scenario)
    generation = scene.run(job, seconds=110)
    assert generation.status == status
    assert generation.error_code == ("" if status == "completed" else "result_too_large")
