"""Fault row 39: a model is lost or changed on our disk. FAL may still have it; nothing is sent or paid once more."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from jobs.models import Artifact, Attempt
from tests.api.client import Api, assert_refused

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def lose(place: Path) -> None:
    place.unlink()


def cut_off(place: Path) -> None:
    place.write_bytes(place.read_bytes()[:-100])


def flip_a_bit(place: Path) -> None:
    data = bytearray(place.read_bytes())
    data[-1] ^= 1
    place.write_bytes(data)


HARMS = {"deleted": lose, "truncated": cut_off, "one bit flipped": flip_a_bit}


@pytest.fixture
def model(alice, scene) -> Artifact:
    generation = scene.run(scene.make_job(alice))
    return Artifact.objects.get(generation=generation, role="model", format="glb")


def place_of(model: Artifact) -> Path:
    return Path(settings.DATA_DIR) / "files" / model.path


def repair() -> str:
    said = io.StringIO()
    call_command("sweep", "--repair", stdout=said)
    return said.getvalue()


@pytest.mark.parametrize("harm", HARMS)
def test_it_works(scene, model, harm: str):
    whole = place_of(model).read_bytes()
    HARMS[harm](place_of(model))

    said = repair()

    assert said == f"{model.path}: whole again\n1 files are whole again.\n"
    assert place_of(model).read_bytes() == whole
    assert len(scene.fal.submits()) == 1
    assert list((Path(settings.DATA_DIR) / "incoming").glob("fal-*")) == []


def test_what_is_whole_is_left_alone(model):
    assert repair() == "0 files are whole again.\n"


def test_fal_has_it_no_more(scene, model):
    lose(place_of(model))
    result = Attempt.objects.get().raw_result
    Attempt.objects.update(raw_result=_rename(result))

    with pytest.raises(CommandError, match="1 could not be had"):
        repair()

    assert not place_of(model).exists()
    assert len(scene.fal.submits()) == 1


def _rename(value):
    """Its addresses lead nowhere."""
    if isinstance(value, dict):
        return {name: _rename(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_rename(each) for each in value]
    return value.replace("/files/", "/files/gone-") if isinstance(value, str) else value


def test_fal_has_another_file_there(scene, model):
    """What comes is held against the row's checksum."""
    lose(place_of(model))
    Artifact.objects.filter(pk=model.pk).update(sha256="0" * 64)

    with pytest.raises(CommandError, match="1 could not be had"):
        repair()

    assert not place_of(model).exists()


@pytest.mark.parametrize("harm", ["deleted", "truncated"])
def test_it_is_not_given_out_meanwhile(alice, model, harm: str):
    api = Api(alice)
    [url] = [
        file["url"]
        for file in api.get(f"/api/v1/generations/{model.generation_id}").json()["files"]
        if file["format"] == "glb"
    ]
    HARMS[harm](place_of(model))
    path = "/" + url.split("/", 3)[3] if url.startswith("http") else url

    assert_refused(api.get(path), 503, "file_unavailable")
    assert_refused(api.get(f"/api/v1/jobs/{model.generation.job_id}/download.zip"), 503, "file_unavailable")

    repair()

    assert api.get(path).status_code == 200
