"""Which sets of views does an engine take?"""

from __future__ import annotations

import pytest

from jobs.catalog import VIEWS, EngineEntry, check_picture, check_views, find_engine
from jobs.errors import JobError

from .cases import EVERY


@EVERY
def test_it_works(engine: EngineEntry) -> None:
    least = engine.required_views if len(engine.required_views) > 1 else engine.views[: engine.min_images]
    check_views(least, engine=engine)
    check_views(engine.views[: engine.max_images], engine=engine)


def test_the_local_engine_passes_further_views_over() -> None:
    check_views(VIEWS, engine=find_engine("local"))


@pytest.mark.parametrize(
    ("engine", "views", "words"),
    [
        ("tripo-v2.5", ["front", "left"], "Tripo v2.5 takes no left view; it takes front."),
        ("tripo-v2.5-multiview", ["front", "top"], "takes no top view; it takes front, left, back, right."),
        ("tripo-h3.1-multiview", ["front"], "needs at least 2 views"),
        ("tripo-h3.1-multiview", ["front", "back"], "add a left view"),
        ("tripo-h3.1-multiview", ["front", "left", "right"], "add a back view"),
        ("hunyuan3d-v2-multiview", ["front"], "needs a left view too; it needs front, left, back."),
        ("hunyuan3d-v2-multiview", ["front", "left"], "needs a back view too"),
        ("hunyuan3d-v2-multiview", ["front", "left", "back", "right"], "takes no right view"),
        ("hunyuan3d-v3", ["front", "left_front"], "takes no left_front view"),
        ("meshy-v6-multi", list(VIEWS[:5]), "takes at most 4 views of one object, not 5."),
        ("rodin-v2.5", list(VIEWS[:6]), "takes at most 5 views"),
        ("trellis-multi", ["front", "inside"], "'inside' is not a view"),
        ("trellis-multi", ["front", "left", "left"], "Each view can be given once."),
        ("trellis-multi", ["left", "back"], "A front view is needed."),
    ],
)
def test_what_the_engine_cannot_use_is_refused(engine: str, views: list[str], words: str) -> None:
    with pytest.raises(JobError) as caught:
        check_views(views, engine=find_engine(engine))
    assert words in caught.value.message
    assert caught.value.code == "invalid_parameter"
    assert caught.value.details == {"parameter": "views"}


@pytest.mark.parametrize(("width", "height"), [(127, 500), (500, 127)])
def test_a_picture_too_small_for_the_engine_is_refused(width: int, height: int) -> None:
    with pytest.raises(JobError, match="at least 128 × 128") as caught:
        check_picture(find_engine("hunyuan3d-v3.1-pro"), width=width, height=height)
    assert caught.value.code == "image_too_small"
    check_picture(find_engine("tripo-v2.5"), width=width, height=height)


def test_a_picture_just_large_enough_is_taken() -> None:
    check_picture(find_engine("hunyuan3d-v3.1-pro"), width=128, height=9_000)
