"""``/generations/<id>/formats/``: asking for a further format, and the list of downloads that shows what came of it."""

from __future__ import annotations

import pytest

from jobs.models import Conversion, Generation
from jobs.services import formats as conversions
from jobs.states import Status
from tests.factories import finish_job, make_artifact, make_job
from tests.pages.answers import leads_to_login, read, read_messages


@pytest.fixture
def generation(alice) -> Generation:
    return finish_job(make_job(alice)).generations.get()


@pytest.fixture
def address(generation) -> str:
    return f"/generations/{generation.pk}/formats/"


def test_it_works(as_alice, generation, address):
    response = as_alice.post(address, {"format": "usdz"})
    assert response["Location"] == f"/generations/{generation.pk}/#downloads"
    assert Conversion.objects.get().format == "usdz"
    assert "Being made" in read(as_alice.get(address))

    conversion = conversions.claim_conversion()
    conversions.complete_conversion(conversion, artifact=make_artifact(generation, format_id="usdz"))
    page = read(as_alice.get(address))
    assert f"/artifacts/{generation.artifacts.get(format='usdz').pk}/?download" in page
    assert "data-pending" not in page


def test_the_list_offers_what_is_not_there_yet(as_alice, address):
    page = read(as_alice.get(address))
    assert "Download GLB" in page
    for name in ("Make OBJ", "Make STL", "Make PLY", "Make USDZ"):
        assert name in page


def test_stl_in_a_size(as_alice, address):
    as_alice.post(address, {"format": "stl", "longest_edge_mm": "42.5"})
    assert Conversion.objects.get().options == {"longest_edge_mm": 42.5}


@pytest.mark.parametrize("edge", ["", "100", "100.0"])
def test_stl_in_the_usual_size_is_the_one_made_at_once(as_alice, address, edge):
    as_alice.post(address, {"format": "stl", "longest_edge_mm": edge})
    assert Conversion.objects.get().options == {}


def test_a_failure_is_shown_and_can_be_tried_again(as_alice, generation, address):
    as_alice.post(address, {"format": "obj"})
    conversions.fail_conversion(conversions.claim_conversion(), code="conversion_failed", message="The mesh is empty.")
    page = read(as_alice.get(address))
    assert "The mesh is empty." in page
    assert "Make OBJ" in page


def test_twice_is_once(as_alice, address):
    as_alice.post(address, {"format": "ply"})
    as_alice.post(address, {"format": "ply"})
    assert Conversion.objects.count() == 1


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"format": "glb"},
        {"format": "exe"},
        {"format": "stl", "longest_edge_mm": "0"},
        {"format": "stl", "longest_edge_mm": "10001"},
        {"format": "stl", "longest_edge_mm": "nan"},
        {"format": "stl", "longest_edge_mm": "big"},
    ],
)
def test_what_makes_no_sense_is_explained(as_alice, address, asked):
    assert read_messages(as_alice.post(address, asked))
    assert not Conversion.objects.exists()


def test_a_model_that_is_not_finished(as_alice, alice):
    generation = make_job(alice).generations.get()
    response = as_alice.post(f"/generations/{generation.pk}/formats/", {"format": "stl"})
    assert "not finished yet" in read_messages(response)
    assert generation.status == Status.QUEUED


def test_a_stranger_finds_nothing(as_bob, address):
    assert as_bob.get(address).status_code == 404
    assert as_bob.post(address, {"format": "stl"}).status_code == 404
    assert not Conversion.objects.exists()


def test_a_visitor_is_sent_to_the_login(as_nobody, address):
    assert leads_to_login(as_nobody.get(address))
