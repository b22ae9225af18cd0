from __future__ import annotations

import json

import pytest

from image2model import pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def samples(tmp_path, settings):
    """Two samples, as the project's script draws them."""
    folder = tmp_path / "samples"
    folder.mkdir()
    rows = [
        {
            "name": name,
            "title": name.title(),
            "picture": f"{name}.webp",
            "thumbnail": f"{name}.t.webp",
            "small": f"{name}.s.webp",
            "model": f"{name}.glb",
            "preview": f"{name}.p.webp",
        }
        for name in ("mug", "vase")
    ]
    (folder / "samples.json").write_text(json.dumps(rows))
    settings.STATICFILES_DIRS = [tmp_path]
    return rows


def test_it_works(client, samples):
    response = client.get("/")
    page = response.content.decode()

    assert response.status_code == 200
    assert "/static/samples/mug.glb" in page
    assert page.count("data-sample ") == 2


def test_a_sample_is_chosen_without_a_script(client, samples):
    page = client.get("/?sample=vase").content.decode()
    assert 'data-stage data-model="/static/samples/vase.glb"' in page


def test_an_unknown_sample_shows_the_first(client, samples):
    assert 'data-stage data-model="/static/samples/mug.glb"' in client.get("/?sample=<script>").content.decode()


@pytest.mark.parametrize("content", [None, "[]"])
def test_it_works_without_samples(client, tmp_path, settings, content):
    (tmp_path / "samples").mkdir()
    if content:
        (tmp_path / "samples" / "samples.json").write_text(content)
    settings.STATICFILES_DIRS = [tmp_path]

    page = client.get("/").content.decode()
    assert "plinth.svg" in page
    assert "start.js" not in page
    assert "model-viewer" not in page


def test_the_bundled_samples_have_their_files(client):
    for sample in pages.read_samples():
        for kind in ("picture", "thumbnail", "model", "preview", "small"):
            response = client.get(sample[kind])
            response.close()
            assert response.status_code == 200, sample[kind]


def test_it_costs_strangers_no_query(client, samples, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/")


def test_pages_allow_no_inline_code(client):
    response = client.get("/")
    policy = response["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self' 'wasm-unsafe-eval'" in policy
    assert "style=" not in response.content.decode()
    assert "<style" not in response.content.decode()
