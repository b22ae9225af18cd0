"""How does somebody get another format of a finished model?"""

from __future__ import annotations

import pytest

from jobs.converter import run_conversion
from jobs.errors import JobError
from jobs.models import Artifact, Conversion
from jobs.services import request_formats
from jobs.services.formats import claim_conversion
from tests.factories import finish_job, make_job

pytestmark = pytest.mark.database


@pytest.fixture
def generation(alice):
    return finish_job(make_job(alice)).generations.get()


def make_waiting():
    while conversion := claim_conversion():
        run_conversion(conversion)


@pytest.mark.parametrize("format_id", ["obj", "stl", "ply", "usdz"])
def test_it_works(generation, format_id):
    request_formats(generation, formats=[format_id])
    before = generation.job.version
    make_waiting()
    artifact = Artifact.objects.get(generation=generation, format=format_id)
    generation.job.refresh_from_db()
    assert artifact.size > 100
    assert Conversion.objects.get().status == "completed"
    assert generation.job.version > before


def test_what_exists_is_not_made_again(generation):
    request_formats(generation, formats=["stl"])
    assert request_formats(generation, formats=["stl"])  # being made: the same conversion
    make_waiting()
    assert request_formats(generation, formats=["stl", "glb"]) == []
    assert Conversion.objects.count() == 1


def test_another_size_takes_the_place_of_the_first(generation):
    for size in (100.0, 50.0):
        request_formats(generation, formats=["stl"], options={"longest_edge_mm": size})
        make_waiting()
    assert Artifact.objects.get(generation=generation, format="stl").options == {"longest_edge_mm": 50.0}


def test_an_unfinished_generation_is_refused(alice):
    with pytest.raises(JobError) as caught:
        request_formats(make_job(alice).generations.get(), formats=["stl"])
    assert caught.value.code == "generation_not_finished"


def test_an_unknown_format_is_refused(generation):
    with pytest.raises(JobError) as caught:
        request_formats(generation, formats=["fbx"])
    assert caught.value.code == "invalid_parameter"


def test_two_claims_one_winner(generation):
    request_formats(generation, formats=["stl"])
    assert claim_conversion()
    assert claim_conversion() is None
