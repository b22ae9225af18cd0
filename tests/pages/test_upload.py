"""``/upload/``: the form, what it makes, what it refuses; as a plain form, without a script."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from jobs import catalog
from jobs.models import Generation, Job, SourceImage
from tests.factories import make_picture
from tests.pages.answers import leads_to_login, read

JSON = {"headers": {"Accept": "application/json"}}


def picture(number: int = 0, *, name: str = "") -> SimpleUploadedFile:
    return SimpleUploadedFile(name or f"chair-{number}.png", make_picture(number), content_type="image/png")


def fill_in(**fields) -> dict:
    return {"engine": "local", "face_limit": "5000", "texture": "standard", "token": uuid4().hex} | fields


def test_it_works(as_alice, alice):
    response = as_alice.post("/upload/", fill_in(files=[picture(0), picture(1)], formats=["stl"], name="Room four"))
    job = Job.objects.get(owner=alice)
    assert response.status_code == 302
    assert response["Location"] == f"/jobs/{job.pk}/"
    assert (job.name, job.total, job.formats, job.options["face_limit"]) == ("Room four", 2, ["stl"], 5000)


def test_the_form_names_rules_engine_price_and_formats(as_alice):
    page = read(as_alice.get("/upload/"))
    for words in ("JPEG, PNG or WebP", "10 MB", "at most 25", "Local relief", "Free", "the back is a mirrored guess"):
        assert words in page
    for name in ("obj", "stl", "ply", "usdz"):
        assert f'name="formats" value="{name}"' in page


def test_both_forms_of_the_address_answer(as_alice):
    assert as_alice.get("/upload").status_code == as_alice.get("/upload/").status_code == 200


def test_the_script_gets_json(as_alice, alice):
    response = as_alice.post("/upload/", fill_in(files=[picture()]), **JSON)
    assert response.status_code == 201
    assert response.json() == {"url": f"/jobs/{Job.objects.get(owner=alice).pk}/"}


def test_a_double_click_makes_one_job(as_alice):
    asked = fill_in(files=[picture()])
    first = as_alice.post("/upload/", asked)
    again = as_alice.post("/upload/", asked | {"files": [picture()]})
    assert first["Location"] == again["Location"]
    assert Job.objects.count() == 1


def test_changed_options_with_the_same_token_are_a_new_job(as_alice):
    asked = fill_in(files=[picture()])
    as_alice.post("/upload/", asked)
    as_alice.post("/upload/", asked | {"files": [picture()], "face_limit": "6000"})
    assert Job.objects.count() == 2


def test_options_of_the_engine_itself(as_alice):
    as_alice.post("/upload/", fill_in(files=[picture()], **{"local-mode": "object", "local-seed": ""}))
    options = Generation.objects.get().options
    assert options["mode"] == "object"
    assert "seed" not in options


@pytest.fixture
def at_fal(monkeypatch) -> None:
    """A second engine is on offer, with options of its own."""
    monkeypatch.setattr("jobs.services.engines.read_offer", lambda: {"tripo-v2.5"})


def test_another_engine_with_its_own_options(as_alice, at_fal):
    page = read(as_alice.get("/upload/"))
    assert 'name="tripo-v2.5-pbr"' in page
    asked = fill_in(files=[picture()], engine="tripo-v2.5", **{"tripo-v2.5-pbr": "false", "local-mode": "object"})
    assert as_alice.post("/upload/", asked).status_code == 302
    options = Generation.objects.get().options
    assert options["pbr"] is False
    assert "mode" not in options


def test_what_is_left_alone_is_the_engines_default(as_alice, at_fal):
    """The form of the engine that is not chosen first holds its own defaults, not the first of each list."""
    form = as_alice.get("/upload/").context["form"]
    untouched = {field.html_name: field.value() for field in form if field.html_name.startswith("tripo-v2.5-")}
    asked = fill_in(files=[picture()], engine="tripo-v2.5", **untouched)
    assert as_alice.post("/upload/", asked).status_code == 302
    engine = catalog.ENGINES["tripo-v2.5"]
    assert Generation.objects.get().options == catalog.check_options(engine, {"face_limit": 5000})


def test_one_object_from_several_sides_is_one_model(as_alice):
    """Without a script the order of the pictures names the sides."""
    as_alice.post("/upload/", fill_in(files=[picture(0), picture(1), picture(2)], one_object="on"))
    generation = Generation.objects.get()
    assert [entry.view for entry in generation.inputs.order_by("id")] == ["front", "left", "back"]


def test_named_sides_are_kept(as_alice):
    as_alice.post("/upload/", fill_in(files=[picture(0), picture(1)], one_object="on", views="back,front"))
    names = {entry.view: entry.filename for entry in Generation.objects.get().inputs.all()}
    assert names == {"back": "chair-0.png", "front": "chair-1.png"}


def test_one_picture_with_the_tick_for_several_is_one_picture(as_alice):
    as_alice.post("/upload/", fill_in(files=[picture()], one_object="on", views="front"))
    assert Generation.objects.get().inputs.get().view == "front"


def test_a_visitor_is_sent_to_the_login(as_nobody):
    assert leads_to_login(as_nobody.get("/upload/"))
    assert leads_to_login(as_nobody.post("/upload/", fill_in(files=[picture()])))
    assert not Job.objects.exists()


def test_bad_files_are_named_each_with_its_reason_and_options_are_kept(as_alice):
    files = [
        picture(0),
        SimpleUploadedFile("notes.gif", b"GIF89a" + bytes(60)),
        SimpleUploadedFile("<b>cut.png", make_picture(1)[:200]),
    ]
    response = as_alice.post("/upload/", fill_in(files=files, face_limit="7777", formats=["ply"], name="Kept"))
    page = read(response)
    assert response.status_code == 400
    assert "notes.gif: only JPEG, PNG and WebP images are accepted." in page
    assert "damaged or incomplete" in page
    assert "<b>cut" not in page
    assert 'value="7777"' in page
    assert 'value="ply" checked' in page
    assert 'value="Kept"' in page
    assert not Job.objects.exists()
    assert not SourceImage.objects.exists()


def test_the_script_gets_the_reason_of_each_file(as_alice):
    files = [picture(0), SimpleUploadedFile("notes.gif", b"GIF89a" + bytes(60))]
    answer = as_alice.post("/upload/", fill_in(files=files), **JSON).json()
    assert answer["error_code"] == "unsupported_file_type"
    assert [(bad["index"], bad["filename"]) for bad in answer["details"]["files"]] == [(1, "notes.gif")]


def test_no_file(as_alice):
    response = as_alice.post("/upload/", fill_in())
    assert response.status_code == 400
    assert "No picture was sent." in read(response)


def test_the_empty_part_that_browsers_send_for_an_empty_field_is_no_file(as_alice):
    """A file field in which nothing was chosen comes as a part with an empty name."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="engine"\r\n\r\nlocal\r\n'
        b'--x\r\nContent-Disposition: form-data; name="files"; filename=""\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n"
    )
    response = as_alice.post("/upload/", body, content_type="multipart/form-data; boundary=x")
    assert "No picture was sent." in read(response)


@override_settings(MAX_FILES=2)
def test_too_many_files(as_alice):
    response = as_alice.post("/upload/", fill_in(files=[picture(number) for number in range(3)]))
    assert response.status_code == 400
    assert "too many files" in read(response)


@override_settings(MAX_FILE_BYTES=1000)
def test_a_file_too_large(as_alice):
    response = as_alice.post("/upload/", fill_in(files=[picture()]))
    assert response.status_code == 413
    assert "too large" in read(response)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"face_limit": "10"}, "Must be from 2,000 to 500,000."),
        ({"face_limit": "many"}, "Enter a whole number."),
        ({"texture": "golden"}, "Must be one of standard, hd, none."),
        ({"local-mode": "cube"}, "cube is not one of the available choices"),
        ({"local-seed": "x"}, "Must be a whole number."),
        ({"engine": "dream"}, "dream is not one of the available choices"),
        ({"formats": ["exe"]}, "exe is not one of the available choices"),
    ],
)
def test_a_bad_option_is_named_before_a_picture_is_stored(as_alice, fields, words):
    asked = fill_in(files=[picture()]) | fields
    response = as_alice.post("/upload/", asked)
    assert response.status_code == 400
    assert words in read(response)
    assert not SourceImage.objects.exists()


@pytest.mark.parametrize("views", ["front", "left,back", "front,front", "front,inside"])
def test_sides_that_make_no_sense(as_alice, views):
    response = as_alice.post("/upload/", fill_in(files=[picture(0), picture(1)], one_object="on", views=views))
    assert response.status_code == 400
    assert not SourceImage.objects.exists()


@override_settings(MAX_ACTIVE_GENERATIONS=1)
def test_too_much_at_once_says_when_to_come_back(as_alice):
    response = as_alice.post("/upload/", fill_in(files=[picture(0), picture(1)]))
    assert response.status_code == 429
    assert response["Retry-After"] == "30"
    assert "the limit is 1" in read(response)


def test_a_form_of_another_site_is_refused(as_alice):
    as_alice.handler.enforce_csrf_checks = True
    assert as_alice.post("/upload/", fill_in(files=[picture()])).status_code == 403
    assert not Job.objects.exists()
