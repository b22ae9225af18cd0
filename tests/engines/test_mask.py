"""Is the object found, and is the user told when that is in doubt?"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from jobs.engines.local.components import keep_main
from jobs.engines.local.mask import Mask, find_mask, is_doubtful
from jobs.engines.local.picture import load_picture
from jobs.engines.local.progress import Progress
from tests import pictures
from tests.bench.grounds import GROUNDS, cast_shadow


def _find(image: Image.Image, *, mode: str = "auto") -> Mask:
    picture = load_picture(pictures.encode_png(image), side=1024)
    return find_mask(picture, mode=mode, progress=Progress(lambda stage, percent: None))


def _photograph(cutout: Image.Image, ground: str) -> Image.Image:
    """The object on this ground, with a soft shadow."""
    placed = np.asarray(cutout).astype(np.float32)
    alpha = placed[..., 3:] / 255
    canvas = cast_shadow(GROUNDS[ground](cutout.width, np.random.default_rng(1)), alpha[..., 0])
    pixels = placed[..., :3] * alpha + canvas * (1 - alpha)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _overlap(mask: Mask, cutout: Image.Image) -> float:
    found, truth = mask.soft > 0.5, np.asarray(cutout)[..., 3] > 127
    return float((found & truth).sum() / (found | truth).sum())


@pytest.mark.parametrize("ground", ["white", "grey", "vignette", "wall_floor", "gravel", "grass"])
def test_it_works(ground):
    cutout = pictures.draw_mug(512)
    assert _overlap(_find(_photograph(cutout, ground)), cutout) > 0.95


@pytest.mark.parametrize("ground", ["white", "grey", "vignette"])
def test_it_finds_a_bust_that_the_lower_frame_cuts(ground):
    cutout = pictures.draw_bust(512)
    mask = _find(_photograph(cutout, ground))
    assert _overlap(mask, cutout) > 0.95
    assert not is_doubtful(mask)


def test_it_trusts_a_plain_ground():
    assert not is_doubtful(_find(_photograph(pictures.draw_mug(512), "white")))


@pytest.mark.parametrize("ground", ["wall_floor", "gravel", "room"])
def test_it_doubts_a_busy_ground(ground):
    assert is_doubtful(_find(_photograph(pictures.draw_mug(512), ground), mode="object"))


def test_it_takes_the_pictures_own_cutout():
    cutout = pictures.draw_mug(512)
    mask = _find(cutout)
    assert (mask.method, mask.confidence) == ("alpha", 1.0)
    assert _overlap(mask, cutout) > 0.999


def test_a_whole_picture_has_rounded_corners():
    mask = _find(_photograph(pictures.draw_mug(512), "room"), mode="whole_picture")
    assert mask.soft[256, 256] == 1
    assert mask.soft[6, 6] == 0
    assert mask.coverage > 0.95


def test_small_holes_are_filled_and_large_ones_kept():
    mask = np.zeros((100, 100), bool)
    mask[10:90, 10:90] = True
    mask[30:50, 30:50] = False
    mask[70:72, 70:72] = False
    kept, components = keep_main(mask)
    assert not kept[40, 40]
    assert kept[70, 70]
    assert components.holes == 1


def test_holes_that_show_no_background_are_filled():
    mask = np.zeros((100, 100), bool)
    mask[10:90, 10:90] = True
    mask[30:50, 30:50] = False
    kept, components = keep_main(mask, see_through=np.zeros_like(mask))
    assert kept[40, 40]
    assert components.holes == 0


def test_small_pieces_are_left_out_and_counted():
    mask = np.zeros((100, 100), bool)
    mask[10:90, 10:60] = True
    mask[20:40, 70:80] = True
    mask[95, 95] = True
    kept, components = keep_main(mask)
    assert not kept[30, 75]
    assert (components.found, components.kept, components.ignored) == (3, 1, 1)
