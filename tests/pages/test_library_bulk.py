"""``/models/selection/``: one zip of the ticked models, or all of them gone; asked first."""

from __future__ import annotations

import io
import zipfile
from uuid import uuid4

import pytest

from jobs.models import Generation, Job
from tests.factories import finish_job, make_job
from tests.pages.answers import leads_to_login, read, read_messages


@pytest.fixture
def models(alice) -> list[Generation]:
    first = finish_job(make_job(alice, names=["mug.png", "vase.png"]))
    second = finish_job(make_job(alice, names=["shoe.png"], first=5))
    return [first.generations.get(name="mug"), first.generations.get(name="vase"), second.generations.get()]


def tick(models, **fields) -> dict:
    return {"generation": [str(model.pk) for model in models]} | fields


def test_it_works(as_alice, models):
    response = as_alice.post("/models/selection/", tick(models[1:], action="zip"))
    packed = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert {"vase.glb", "shoe.glb"} <= set(packed.namelist())
    assert "mug.glb" not in packed.namelist()


def test_delete_asks_first(as_alice, models):
    page = read(as_alice.post("/models/selection/", tick(models[:2], action="delete")))
    assert "Delete 2 models?" in page
    assert str(models[0].pk) in page
    assert Generation.objects.count() == 3


def test_delete(as_alice, models):
    asked = tick([models[0], models[2]], action="delete", confirmed="yes")
    response = as_alice.post("/models/selection/", asked)
    assert "2 models gone." in read_messages(response)
    assert [entry.name for entry in Generation.objects.all()] == ["vase"]
    assert Job.objects.count() == 1


def test_nothing_ticked(as_alice, models):
    assert "Tick at least one" in read_messages(as_alice.post("/models/selection/", {"action": "delete"}))


def test_models_without_files_are_explained(as_alice, alice):
    waiting = list(make_job(alice).generations.all())
    response = as_alice.post("/models/selection/", tick(waiting, action="zip"))
    assert response["Location"] == "/models/"
    assert "No model is finished yet." in read_messages(response)


def test_of_strangers_nothing_is_touched(as_bob, models):
    asked = tick(models, action="delete", confirmed="yes")
    asked["generation"] += [str(uuid4()), "odd"]
    assert "Tick at least one" in read_messages(as_bob.post("/models/selection/", asked))
    assert Generation.objects.count() == 3


def test_a_visitor_is_sent_to_the_login(as_nobody, models):
    assert leads_to_login(as_nobody.post("/models/selection/", tick(models, action="delete", confirmed="yes")))
    assert Generation.objects.count() == 3
