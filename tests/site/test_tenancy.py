"""Does an answer tell whether somebody else's object exists? ``test_walk`` says who gets in at all."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from accounts.services import create_api_key
from tests.site.places import PLACE_OF, Place
from tests.site.walking import fill, set_scene

pytestmark = pytest.mark.django_db
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.mark.database
@pytest.mark.parametrize("route", [route for route, place in PLACE_OF.items() if place == Place.API_OF_OBJECT])
def test_a_strangers_object_looks_like_an_unknown_one(bob, route: str) -> None:
    scene = set_scene()
    _, raw = create_api_key(bob, name="his", scopes=["read", "write"])
    headers = {"authorization": f"Bearer {raw}", "x-request-id": "same"}
    foreign = fill(route, scene)
    scene.ids = {name: "no-such.glb" if name == "filename" else uuid4() for name in scene.ids}
    for method in METHODS:
        told = [getattr(Client(), method)(place, headers=headers) for place in (foreign, fill(route, scene))]
        assert told[0].status_code == told[1].status_code
        assert told[0].content == told[1].content


@pytest.mark.parametrize("route", [route for route, place in PLACE_OF.items() if place == Place.PAGE_OF_OBJECT])
def test_a_strangers_page_looks_like_an_unknown_one(bob, client: Client, route: str) -> None:
    scene = set_scene()
    client.force_login(bob)
    foreign = fill(route, scene)
    scene.ids = {name: uuid4() for name in scene.ids}
    for method in METHODS[:2]:
        told = [getattr(client, method)(place).status_code for place in (foreign, fill(route, scene))]
        assert told[0] == told[1] in (404, 405)
