"""Which requests does a script catch?"""

from __future__ import annotations

import io
from urllib.error import HTTPError

import pytest
from PIL import Image

from ..models.look import find_look, write_look
from ..running import VirtualFal
from ..scenarios import PRESETS, ROWS
from ..weather import CONNECTION_KINDS
from .caller import TRIPO, Caller, draw_picture


def list_scenarios(fal: VirtualFal) -> list[str]:
    return [submit["scenario"] for submit in fal.submits()]


def test_it_works(caller: Caller, fal: VirtualFal) -> None:
    fal.script("forever", picture=draw_picture(1))
    for number in (0, 1, 2):
        caller.submit(image_url=caller.upload_picture(number))
    assert list_scenarios(fal) == ["default", "forever", "default"]


def test_it_catches_a_number_of_submits(caller: Caller, fal: VirtualFal) -> None:
    fal.script("forever", count=2)
    for _ in range(3):
        caller.submit()
    assert list_scenarios(fal) == ["forever", "forever", "default"]


def test_the_newest_goes_first(caller: Caller, fal: VirtualFal) -> None:
    fal.script("forever")
    fal.script("requeued", count=1)
    for _ in range(2):
        caller.submit()
    assert list_scenarios(fal) == ["requeued", "forever"]


def test_it_catches_by_endpoint_arguments_file_name_and_webhook(caller: Caller, fal: VirtualFal) -> None:
    picture = caller.upload(draw_picture(), name="horse-0042.png").json()["access_url"]
    fal.script("requeued", endpoint="fal-ai/")
    fal.script("forever", arguments={"seed": 3})
    fal.script("progress", file_name="horse")
    fal.script("log-levels", webhook="/hooks/7")
    caller.submit("fal-ai/trellis", image_url=caller.upload_picture())
    caller.submit(seed=3)
    caller.submit(image_url=picture)
    caller.submit(query="?fal_webhook=http%3A%2F%2F127.0.0.1%3A9%2Fhooks%2F7")
    caller.submit()
    assert list_scenarios(fal) == ["requeued", "forever", "progress", "log-levels", "default"]


def test_it_catches_a_picture_that_was_made_anew(caller: Caller, fal: VirtualFal) -> None:
    """The product sends a normalised copy: other bytes, the same look."""
    original = draw_picture(4)
    with Image.open(io.BytesIO(original)) as image:
        file = io.BytesIO()
        image.resize((96, 96)).convert("RGB").save(file, "JPEG", quality=80)
    fal.script("forever", like=original)
    for content in (file.getvalue(), draw_picture(5), draw_picture(6)):
        caller.submit(image_url=caller.upload(content).json()["access_url"])
    assert list_scenarios(fal) == ["forever", "default", "default"]


def test_a_look_is_of_pictures_only() -> None:
    assert find_look(b"no picture") is None
    with pytest.raises(ValueError, match="not a picture"):
        write_look(b"no picture")


def test_a_preset_may_be_changed(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"preset": "requeued", "run_seconds": 60})
    caller.submit()
    assert list_scenarios(fal) == ["requeued"]


@pytest.mark.parametrize(
    "scenario",
    [
        "no-such-name",
        {"no_such_field": 1},
        {"faults": {"no-such-step": {}}},
        {"faults": {"submit": {"kind": "no-such-kind"}}},
        {"webhook": {"no_such_field": 1}},
    ],
)
def test_it_rejects_what_it_does_not_know(fal: VirtualFal, scenario: object) -> None:
    with pytest.raises(HTTPError, match="400") as refusal:
        fal.control("POST", "scenario", {"scenario": scenario})
    refusal.value.close()


def test_every_row_has_its_scenarios(fal: VirtualFal) -> None:
    for row, names in ROWS.items():
        for name in names:
            kind = name.removeprefix("weather:")
            assert kind in CONNECTION_KINDS if kind != name else name in PRESETS, row


def test_a_reset_forgets_everything(caller: Caller, fal: VirtualFal) -> None:
    fal.script("forever")
    fal.set_options(run_seconds=60)
    job = caller.submit()
    fal.reset()
    assert fal.submits() == []
    assert caller.http.get(job["status_url"]).status_code == 404
    caller.wait(caller.submit(TRIPO))
    assert list_scenarios(fal) == ["default"]
