"""The engines on ``/upload/``: what is said of each, whose options are sent, what happens without a script."""

from __future__ import annotations

import json
import re
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile

from jobs import catalog
from jobs.models import Generation, Job
from jobs.services.fal import provider
from tests.factories import make_picture
from tests.pages.answers import read

MOST_BYTES = 150_000  # all engines with all their options, before compression


@pytest.fixture(autouse=True)
def _offer(db):
    cache.clear()
    provider.publish_offer()
    yield
    cache.clear()


def fill_in(**fields) -> dict:
    picture = SimpleUploadedFile("mug.png", make_picture(), content_type="image/png")
    return {"engine": "tripo-v2.5", "texture": "standard", "token": uuid4().hex, "files": [picture]} | fields


def read_data(page: str) -> dict:
    return json.loads(re.search(r'<script id="page-data"[^>]*>(.*?)</script>', page, re.S)[1])


def cut_out(page: str, engine: str) -> str:
    """What the page says of one engine, to the next one's."""
    start = page.index(f'class="engine-card" data-engine="{engine}"')
    return " ".join(page[start : page.index("</div>", start)].split())


def test_it_works(as_alice):
    page = read(as_alice.get("/upload/"))
    assert page.count('type="radio" name="engine"') == len(catalog.ENGINES)
    assert page.index("At FAL.AI") < page.index("On this machine")  # the default's own group first
    assert 'value="tripo-v2.5" checked' in page
    card = cut_out(page, "tripo-v2.5")
    for words in ("$0.30", "about 2 min a picture", "up to 500,000 faces", "Quality", "as several users of FAL report"):
        assert words in card
    assert 'href="https://fal.ai/models/tripo3d/tripo/v2.5/image-to-3d"' in card
    assert "Excludes EU, UK, South Korea" in cut_out(page, "hunyuan3d-v3")
    assert "$0.375" in cut_out(page, "hunyuan3d-v3")
    assert "Price unknown" in cut_out(page, "meshy-v6")
    assert "the back is a mirrored guess" in cut_out(page, "local")


def test_every_engine_is_of_some_kind(as_alice):
    page = read(as_alice.get("/upload/"))
    kinds = re.findall(r'class="engine-row" data-kinds="([^"]*)"', page)
    assert len(kinds) == len(catalog.ENGINES)
    assert {kind for words in kinds for kind in words.split()} == {"fast", "quality", "low_poly", "multi_view"}


def test_labels_are_the_catalogs_own(as_alice):
    page = read(as_alice.get("/upload/"))
    for option in ("PBR", "Shaded", "Gen-2.5-Extreme-High", "150K Triangle", "A-pose", "Extra-low"):
        assert f">{option}</option>" in page
    assert ">Pbr<" not in page
    assert "PBR materials" in page


def test_what_changes_the_price_is_shown_at_once(as_alice):
    page = read(as_alice.get("/upload/?engine=hunyuan3d-v3"))
    own = page[page.index("data-own-options") : page.index("data-other-options")]
    shown, more = own.split("<summary>More options")
    assert 'name="hunyuan3d-v3-pbr"' in shown
    assert 'name="hunyuan3d-v3-generate_type"' in shown  # PBR depends on it
    assert 'name="hunyuan3d-v3-polygon_type"' in more


def test_an_address_can_choose_the_engine(as_alice):
    page = read(as_alice.get("/upload/?engine=tripo-p1"))
    assert 'value="tripo-p1" checked' in page
    assert "data-chosen-name>Tripo P1<" in page
    for unknown in ("dream", "<script>", ""):
        page = read(as_alice.get("/upload/", {"engine": unknown}))
        assert 'value="tripo-v2.5" checked' in page
        assert "<script>alert" not in page


def test_the_scripts_compute_with_the_catalogs_figures(as_alice):
    engines = read_data(read(as_alice.get("/upload/")))["engines"]
    assert next(iter(engines)) == "tripo-v2.5"
    assert set(engines) == set(catalog.ENGINES)
    h31 = engines["tripo-h3.1"]
    assert h31["price"] == 0.3
    assert {"option": "geometry_quality", "value": "detailed", "amount": 0.2} in h31["surcharges"]
    assert h31["options"]["pbr"]["only_with"] == {"texture": ["standard", "hd"]}
    assert h31["options"]["pbr"]["field"] == "tripo-h3.1-pbr"
    assert (h31["at_once"], engines["local"]["is_free"], h31["is_free"]) == (2, True, False)
    assert engines["hunyuan3d-v2-multiview"]["required_views"] == ["front", "left", "back"]


def test_switches_can_be_turned_off_without_a_script(as_alice):
    """A box without a tick is not sent: the word before it is."""
    as_alice.post("/upload/", fill_in(**{"tripo-v2.5-pbr": ["false"]}))
    as_alice.post("/upload/", fill_in(**{"tripo-v2.5-pbr": ["false", "true"]}))
    off, on = Generation.objects.order_by("created_at")
    assert (off.options["pbr"], on.options["pbr"]) == (False, True)


def test_options_of_other_engines_are_passed_over(as_alice):
    as_alice.post("/upload/", fill_in(**{"local-mode": "object", "trellis-2-resolution": "1536"}))
    assert {"mode", "resolution"}.isdisjoint(Generation.objects.get().options)


def test_a_bad_option_of_the_engine_stands_beside_its_field(as_alice):
    response = as_alice.post("/upload/", fill_in(engine="tripo-p1", face_limit="30000", **{"tripo-p1-seed": "x"}))
    page = read(response)
    assert response.status_code == 400
    assert "Must be from 48 to 20,000." in page
    assert "Must be a whole number." in page
    assert re.search(r'<details class="more" open>\s*<summary>More options', page)
    assert "data-chosen-name>Tripo P1<" in page


@pytest.mark.parametrize(("ticked", "fallback"), [({"fallback_local": "on"}, "local"), ({}, "")])
def test_the_local_engine_as_a_net(as_alice, ticked, fallback):
    as_alice.post("/upload/", fill_in(**ticked))
    job = Job.objects.get()
    assert job.fallback == fallback
    again = read(as_alice.get(f"/jobs/{job.pk}/again/"))
    assert ('name="fallback_local" checked' in again) == bool(fallback)


def test_sides_are_those_of_the_engine(as_alice):
    pictures = [SimpleUploadedFile(f"side-{n}.png", make_picture(n), content_type="image/png") for n in range(3)]
    asked = fill_in(engine="hunyuan3d-v2-multiview", files=pictures, one_object="on")
    assert as_alice.post("/upload/", asked).status_code == 302
    assert [entry.view for entry in Generation.objects.get().inputs.order_by("id")] == ["front", "left", "back"]


@pytest.mark.parametrize(
    ("engine", "number", "words"),
    [
        ("tripo-v2.5", 2, "need 2 sides, but 1 are named"),
        ("tripo-h3.1-multiview", 1, "needs at least 2 views of one object."),
        ("hunyuan3d-v2-multiview", 2, "needs a back view too"),
    ],
)
def test_sides_that_the_engine_cannot_use(as_alice, engine, number, words):
    pictures = [SimpleUploadedFile(f"side-{n}.png", make_picture(n), content_type="image/png") for n in range(number)]
    response = as_alice.post("/upload/", fill_in(engine=engine, files=pictures, one_object="on"))
    assert response.status_code == 400
    assert words in read(response)
    assert not Job.objects.exists()


def test_the_page_stays_light(as_alice):
    assert len(as_alice.get("/upload/").content) < MOST_BYTES


def test_with_the_local_engine_alone_there_is_nothing_to_choose(as_alice):
    provider.withdraw_offer()
    page = read(as_alice.get("/upload/"))
    assert '<input type="hidden" name="engine" value="local">' in page
    for words in ("data-engines", "data-fallback", "Options of the other engines"):
        assert words not in page
    assert "Local relief" in page
