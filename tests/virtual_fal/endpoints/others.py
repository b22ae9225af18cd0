"""What do TRELLIS, TripoSR, Meshy and the rest take, return and cost?"""

from __future__ import annotations

from decimal import Decimal

from .shape import (
    BOOLEAN,
    SEED,
    TEXT,
    Arguments,
    Endpoint,
    Input,
    Pictures,
    choice,
    integer,
    number,
    picture,
    picture_list,
)

_TRELLIS: dict[str, Input] = {
    "ss_guidance_strength": number(0, 10),
    "ss_sampling_steps": integer(1, 50),
    "slat_guidance_strength": number(0, 10),
    "slat_sampling_steps": integer(1, 50),
    "mesh_simplify": number(0.9, 0.98),
    "texture_size": choice(512, 1024, 2048, "512", "1024", "2048"),
    "seed": SEED,
}
_TRELLIS_OUTPUTS = {"model_mesh": "model", "timings": "timings"}
_STAGES = ("ss", "shape_slat", "tex_slat")
_TRELLIS_2: dict[str, Input] = {
    "resolution": choice(512, 1024, 1536, "512", "1024", "1536"),
    "texture_size": choice(1024, 2048, 4096, "1024", "2048", "4096"),
    "decimation_target": integer(1, 2_000_000),
    "remesh": BOOLEAN,
    "remesh_band": number(0),
    "remesh_project": number(0),
    "seed": SEED,
    **{f"{stage}_guidance_strength": number(0, 10) for stage in _STAGES},
    **{f"{stage}_guidance_rescale": number(0, 1) for stage in _STAGES},
    **{f"{stage}_sampling_steps": integer(1, 50) for stage in _STAGES},
    **{f"{stage}_rescale_t": number(1, 6) for stage in _STAGES},
}
_MESHY: dict[str, Input] = {
    "topology": choice("triangle", "quad"),
    "target_polycount": integer(100, 300_000),
    "should_remesh": BOOLEAN,
    "should_texture": BOOLEAN,
    "enable_pbr": BOOLEAN,
    "symmetry_mode": choice("auto", "on", "off"),
    "pose_mode": choice("", "a-pose", "t-pose"),
    "texture_prompt": TEXT,
    "texture_image_url": picture(required=False),
    "enable_rigging": BOOLEAN,
    "rigging_height_meters": number(0.1, 10),
    "enable_animation": BOOLEAN,
    "animation_action_id": integer(0, 696),
    "enable_safety_checker": BOOLEAN,
}
_MESHY_OUTPUTS = {
    "model_glb": "model",
    "model_urls": "many_urls",
    "thumbnail": "preview",
    "texture_urls": "texture_urls",
    "seed": "seed",
}
_MESHY_PICTURES = Pictures(formats=frozenset({"JPEG", "PNG", "AVIF", "HEIF"}))


def _count_resolution(arguments: Arguments) -> Decimal:
    return {"512": Decimal(25), "1536": Decimal(35)}.get(str(arguments.get("resolution")), Decimal(30))


OTHERS = (
    Endpoint(
        id="fal-ai/trellis", inputs={"image_url": picture(), **_TRELLIS}, outputs=_TRELLIS_OUTPUTS,
        unit_price=Decimal("0.02"), seconds=30,
    ),
    Endpoint(
        id="fal-ai/trellis/multi",
        inputs={
            "image_urls": picture_list(), "multiimage_algo": choice("stochastic", "multidiffusion"), **_TRELLIS,
        },
        outputs=_TRELLIS_OUTPUTS, unit_price=Decimal("0.02"), seconds=40,
    ),
    Endpoint(
        id="fal-ai/trellis-2", inputs={"image_url": picture(), **_TRELLIS_2}, outputs={"model_glb": "model"},
        unit="credits", unit_price=Decimal("0.01"), units=_count_resolution, seconds=100,
    ),
    Endpoint(
        id="fal-ai/pixal3d",
        inputs={
            "image_url": picture(), "resolution": choice(1024, 1536, "1024", "1536"),
            "texture_size": choice(1024, 2048, 4096, "1024", "2048", "4096"), "decimation_target": integer(1),
            "remesh": BOOLEAN, "mesh_scale": number(0), "seed": SEED,
        },
        outputs={"model_glb": "model", "seed": "seed"}, unit_price=Decimal("0.25"), seconds=90,
    ),
    Endpoint(
        id="fal-ai/triposr",
        inputs={
            "image_url": picture(), "output_format": choice("glb", "obj"), "do_remove_background": BOOLEAN,
            "foreground_ratio": number(0.5, 1), "mc_resolution": integer(32, 1024),
        },
        outputs={"model_mesh": "model", "timings": "timings"}, unit_price=Decimal("0.07"), seconds=5,
        model_format=lambda arguments: str(arguments.get("output_format") or "glb"),
    ),
    Endpoint(
        id="fal-ai/meshy/v6/image-to-3d",
        inputs={"image_url": picture(), "model_type": choice("standard", "lowpoly"), **_MESHY},
        outputs=_MESHY_OUTPUTS, unit_price=Decimal("0.80"), seconds=420, pictures=_MESHY_PICTURES,
    ),
    Endpoint(
        id="fal-ai/meshy/v6/multi-image-to-3d", inputs={"image_urls": picture_list(), **_MESHY},
        outputs=_MESHY_OUTPUTS, unit_price=Decimal("0.80"), seconds=420, pictures=_MESHY_PICTURES,
    ),
    Endpoint(
        id="fal-ai/meshy/v5/multi-image-to-3d", inputs={"image_urls": picture_list(), **_MESHY},
        outputs=_MESHY_OUTPUTS, unit_price=Decimal("0.40"), seconds=240, pictures=_MESHY_PICTURES,
    ),
    Endpoint(
        id="fal-ai/sam-3/3d-objects",
        inputs={"image_url": picture(), "prompt": TEXT, "export_textured_glb": BOOLEAN, "seed": SEED},
        outputs={"gaussian_splat": "splat", "model_glb": "model", "metadata": "metadata"},
        unit_price=Decimal("0.02"), seconds=30,
    ),
)  # fmt: skip
