"""Does the local engine make sound models, the same each time, and refuse what is no picture of an object?"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs.engines.base import EngineError, EngineRequest
from jobs.engines.local import LocalEngine
from tests import pictures
from tests.engines.models import assert_sound, generate, load, measure_silhouette, read_description
from tests.gltf import find_faults, validate_glbs

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT.parent / "shared" / "samples").glob("*.png"))


def _own_pictures() -> dict[str, bytes]:
    mug, torus, bust = pictures.draw_mug(512), pictures.draw_torus(512), pictures.draw_bust(512)
    return {
        "mug_alpha": pictures.encode_png(mug),
        "mug_white": pictures.encode_jpeg(pictures.put_on(mug)),
        "torus_grey": pictures.encode_webp(pictures.put_on(torus, (128, 128, 128))),
        "bust_alpha": pictures.encode_png(bust),
        "bust_white": pictures.encode_jpeg(pictures.put_on(bust)),
        "pair_alpha": pictures.encode_png(pictures.draw_pair(512)),
    }


PICTURES = _own_pictures() | {path.stem: path.read_bytes() for path in SAMPLES}
MUG = pictures.encode_png(pictures.draw_mug())


@pytest.mark.parametrize("name", PICTURES)
def test_it_works(name):
    result = generate(PICTURES[name])
    mesh = assert_sound(result.model, face_limit=20_000)
    assert len(mesh.faces) >= 0.95 * 20_000
    assert measure_silhouette(mesh, result.mask) >= 0.98
    assert result.facts["faces"] == len(mesh.faces)


@pytest.mark.parametrize("name", ["mug_alpha", "bust_white", *(path.stem for path in SAMPLES[:6:2])])
@pytest.mark.parametrize("face_limit", [2_000, 5_000, 100_000])
def test_it_keeps_the_face_limit(name, face_limit):
    result = generate(PICTURES[name], face_limit=face_limit)
    mesh = assert_sound(result.model, face_limit=face_limit)
    assert len(mesh.faces) >= 0.9 * face_limit
    assert measure_silhouette(mesh, result.mask) >= (0.98 if face_limit >= 5_000 else 0.96)


def test_its_files_are_valid():
    names = ["mug_alpha", "bust_white", *(path.stem for path in SAMPLES[:3])]
    models = [generate(PICTURES[name]).model for name in names]
    models.append(generate(MUG, texture="none").model)
    models.append(generate(MUG, mode="whole_picture", face_limit=2_000).model)
    models.append(generate(MUG, face_limit=200_000).model)
    assert [find_faults(report) for report in validate_glbs(models)] == [[]] * len(models)


HASHES = """
import hashlib, sys
from jobs.engines.base import EngineRequest
from jobs.engines.local import LocalEngine
for path in sys.argv[1:]:
    picture = open(path, "rb").read()
    result = LocalEngine().generate(EngineRequest(pictures={"front": picture}), lambda stage, percent: None)
    print(hashlib.sha256(result.model + result.mask).hexdigest())
"""


@pytest.mark.parametrize("threads", ["1", "2"])
def test_it_makes_the_same_bytes_in_another_process(tmp_path, threads):
    busy = pictures.put_on(pictures.draw_mug(), pictures.draw_patchwork())
    chosen = [MUG, PICTURES["bust_white"], pictures.encode_jpeg(busy)]
    paths = [tmp_path / str(number) for number in range(len(chosen))]
    for path, data in zip(paths, chosen, strict=True):
        path.write_bytes(data)
    run = subprocess.run(
        [sys.executable, "-c", HASHES, *paths],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    results = [generate(data) for data in chosen]
    assert run.stdout.split() == [hashlib.sha256(each.model + each.mask).hexdigest() for each in results]


def test_it_says_what_the_model_is():
    asset = read_description(generate(MUG).model)["asset"]
    assert "silhouette inflation" in asset["extras"]["method"]
    for word in ("relief", "mirrored guess", "real size is unknown", "1 m"):
        assert word in asset["extras"]["note"]


def test_it_keeps_the_hole_of_a_handle():
    assert load(generate(MUG).model).euler_number == 0


def test_it_makes_one_body_for_each_large_piece():
    result = generate(PICTURES["pair_alpha"])
    assert load(result.model).body_count == 2
    assert result.warnings == ("other_objects_ignored",)


@pytest.mark.parametrize(("texture", "side"), [("standard", 1024), ("hd", 2048)])
def test_it_keeps_the_texture_within_its_size(texture, side):
    picture = pictures.encode_png(pictures.draw_disc(2100, radius=0.98), compress_level=1)
    image = load(generate(picture, texture=texture, face_limit=2_000).model).visual.material.baseColorTexture
    assert 0.95 * side < max(image.size) <= side


def test_it_makes_plain_models():
    result = generate(MUG, texture="none")
    assert "images" not in read_description(result.model)
    assert_sound(result.model, face_limit=20_000)


def test_the_mask_has_the_pictures_aspect():
    picture = pictures.put_on(pictures.draw_mug(500)).resize((2000, 1000))
    mask = Image.open(io.BytesIO(generate(pictures.encode_jpeg(picture), texture="hd").mask))
    assert (mask.mode, mask.size) == ("L", (1024, 512))


def test_the_mask_is_the_object():
    alpha = np.asarray(pictures.draw_mug())[..., 3] > 127
    mask = np.asarray(Image.open(io.BytesIO(generate(PICTURES["mug_white"]).mask)).resize((256, 256))) > 127
    assert (alpha & mask).sum() / (alpha | mask).sum() > 0.97


def test_the_texture_shows_the_picture_and_not_its_background():
    red = pictures.put_on(pictures.draw_mug(512), (40, 200, 60))
    texture = load(generate(pictures.encode_jpeg(red)).model).visual.material.baseColorTexture
    pixels = np.asarray(texture.convert("RGB")).astype(int)
    assert (pixels[..., 1] > pixels[..., 0]).mean() < 0.01


def test_it_makes_a_relief_of_the_whole_picture_when_asked():
    result = generate(MUG, mode="whole_picture")
    mesh = assert_sound(result.model, face_limit=20_000)
    assert result.facts["method"] == "whole_picture"
    assert result.warnings == ("no_clear_object_relief_made",)
    assert mesh.extents[2] < 0.3


def test_it_makes_an_object_when_asked():
    busy = pictures.put_on(pictures.draw_mug(), pictures.draw_patchwork())
    result = generate(pictures.encode_png(busy), mode="object")
    assert_sound(result.model, face_limit=20_000)
    assert result.facts["method"] == "border_colour"
    assert "low_confidence" in result.warnings


def test_it_warns_of_what_touches_the_frame():
    cut_by_frame = PICTURES["bust_white"]
    assert "touches_border" in generate(cut_by_frame).warnings
    assert "touches_border" not in generate(PICTURES["mug_white"]).warnings


def test_it_warns_of_other_views():
    request = EngineRequest(pictures={"front": MUG, "back": MUG})
    result = LocalEngine().generate(request, lambda stage, percent: None)
    assert result.warnings == ("other_views_ignored",)
    assert result.model == generate(MUG).model


def test_it_reports_growing_progress():
    told = []
    LocalEngine().generate(
        EngineRequest(pictures={"front": PICTURES["mug_white"]}), lambda stage, percent: told.append((stage, percent))
    )
    stages, percents = zip(*told, strict=True)
    assert list(dict.fromkeys(stages)) == ["preparing", "generating"]
    assert percents[0] == 0
    assert percents[-1] == 95
    assert sorted(percents) == list(percents)
    assert len(set(percents)) >= 10


def test_a_cancellation_stops_it():
    class Cancelled(Exception):
        pass

    def cancel(stage, percent):
        if stage == "generating":
            raise Cancelled

    with pytest.raises(Cancelled):
        LocalEngine().generate(EngineRequest(pictures={"front": MUG}), cancel)


REFUSED = {
    "flat": ("blank_image", pictures.encode_png(Image.new("RGB", (256, 256), (120, 60, 60)))),
    "opaque_flat": ("blank_image", pictures.encode_png(Image.new("RGBA", (256, 256), (120, 60, 60, 255)))),
    "transparent": ("blank_image", pictures.encode_png(Image.new("RGBA", (256, 256), (120, 60, 60, 0)))),
    "slope": ("no_object", pictures.encode_png(pictures.draw_slope())),
    "narrow": ("aspect", pictures.encode_png(Image.linear_gradient("L").resize((1000, 80)))),
    "tiny": ("image_too_small", pictures.encode_png(Image.linear_gradient("L").resize((31, 64)))),
    "text": ("corrupt_image", b"this is no picture"),
    "nothing": ("corrupt_image", b""),
    "truncated": ("corrupt_image", PICTURES["mug_white"][:2000]),
    "gif": ("corrupt_image", pictures.encode(pictures.draw_disc().convert("P"), "GIF")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses(name):
    code, data = REFUSED[name]
    with pytest.raises(EngineError) as refusal:
        generate(data)
    assert refusal.value.code == code
    assert refusal.value.message
    assert refusal.value.hint
    assert not refusal.value.retryable


def test_it_refuses_to_find_an_object_in_noise():
    with pytest.raises(EngineError) as refusal:
        generate(pictures.encode_png(pictures.draw_noise()))
    assert refusal.value.code == "no_object"


@pytest.mark.parametrize("face_limit", [1_999, 500_001, 0, -5, True, "20000", 2e4, None])
def test_it_refuses_a_face_limit_out_of_range(face_limit):
    with pytest.raises(EngineError) as refusal:
        generate(MUG, face_limit=face_limit)
    assert refusal.value.code == "face_limit"


@pytest.mark.parametrize("options", [{"texture": "4k"}, {"mode": "best"}])
def test_it_refuses_unknown_choices(options):
    with pytest.raises(EngineError) as refusal:
        generate(MUG, **options)
    assert refusal.value.code == "invalid_parameter"


def test_the_seed_changes_nothing():
    assert generate(MUG, seed=7).model == generate(MUG).model


@pytest.mark.parametrize("seed", range(30))
def test_it_survives_random_shapes(seed):
    random = np.random.default_rng(seed)
    blob = pictures.draw_blob(seed, size=160, detail=random.uniform(3, 18), cover=random.uniform(0.03, 0.9))
    face_limit = int(random.choice([2_000, 5_000, 20_000]))
    result = generate(pictures.encode_png(blob), face_limit=face_limit)
    mesh = assert_sound(result.model, face_limit=face_limit)
    assert json.dumps(dict(result.facts))
    assert measure_silhouette(mesh, result.mask) > 0.93
