"""How well does the engine find objects? Known cut-outs on seven grounds, against the prototype where it is there.

python tests/bench/masks.py [folder for pictures of the worst]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from jobs.engines.base import EngineError, EngineRequest  # noqa: E402
from jobs.engines.local import LocalEngine  # noqa: E402
from tests import pictures  # noqa: E402
from tests.bench.grounds import GROUNDS, cast_shadow  # noqa: E402

SHARED = ROOT.parent / "shared"
SIZE = 640
GOOD = 0.85  # a mask below this should have come with a warning
Find = Callable[[bytes], tuple[np.ndarray, float, bool]]  # mask, confidence, whether the user was warned


def list_cutouts() -> dict[str, Image.Image]:
    drawn = {"mug": pictures.draw_mug(512), "torus": pictures.draw_torus(512), "bust": pictures.draw_bust(512)}
    paths = sorted((SHARED / "samples").glob("*.png"))
    photographs = {path.stem: Image.open(path) for path in paths}
    return drawn | {name: image for name, image in photographs.items() if image.mode == "RGBA"}


def compose() -> Iterator[tuple[str, str, bytes, np.ndarray]]:
    """Name, ground, JPEG and the true mask; each object whole, and cut by the lower side of the picture."""
    for name, cutout in list_cutouts().items():
        for cut in (False, True):
            placed = place(cutout, cut=cut or name == "bust")
            for number, (ground, paint) in enumerate(GROUNDS.items()):
                random = np.random.default_rng([number, len(name)])
                yield f"{name}{'_cut' if cut else ''}", ground, *put_on(placed, paint(SIZE, random))


def place(cutout: Image.Image, *, cut: bool) -> np.ndarray:
    """The object large in the middle; or so that a quarter of it is below the picture."""
    box = cutout.getchannel("A").point(lambda value: 255 * (value > 127)).getbbox()
    cropped = cutout.crop(box)
    scale = (0.95 if cut else 0.74) * SIZE / max(cropped.size)
    size = (round(cropped.width * scale), round(cropped.height * scale))
    resized = cropped.resize(size, Image.Resampling.LANCZOS)
    canvas = Image.new("RGBA", (SIZE, SIZE))
    top = SIZE - round(0.75 * size[1]) if cut else (SIZE - size[1]) // 2
    canvas.paste(resized, ((SIZE - size[0]) // 2, top))
    return np.asarray(canvas).astype(np.float32)


def put_on(placed: np.ndarray, canvas: np.ndarray) -> tuple[bytes, np.ndarray]:
    alpha = placed[..., 3:] / 255
    shaded = cast_shadow(canvas, alpha[..., 0])
    pixels = np.clip(placed[..., :3] * alpha + shaded * (1 - alpha), 0, 255).astype(np.uint8)
    return pictures.encode_jpeg(Image.fromarray(pixels), quality=85), alpha[..., 0] > 0.5


def find_with_engine(data: bytes) -> tuple[np.ndarray, float, bool]:
    try:
        request = EngineRequest(pictures={"front": data}, options={"face_limit": 2000})
        result = LocalEngine().generate(request, lambda stage, percent: None)
    except EngineError:
        return np.zeros((SIZE, SIZE), bool), 0.0, True
    mask = cv2.imdecode(np.frombuffer(result.mask, np.uint8), cv2.IMREAD_GRAYSCALE) > 127
    warned = bool({"low_confidence", "no_clear_object_relief_made"} & set(result.warnings))
    return mask, result.facts["confidence"], warned


def find_with_prototype(data: bytes) -> tuple[np.ndarray, float, bool]:
    from engine_prototype import pipeline

    try:
        result = pipeline.reconstruct(data, face_limit=2000, thumb=0)
    except pipeline.EngineError as error:  # anything else ends the benchmark
        print(f"the prototype refused: {error}", file=sys.stderr)
        return np.zeros((SIZE, SIZE), bool), 0.0, True
    warned = bool({"low_confidence", "no_clear_object_relief_made"} & set(result["warnings"]))
    return result["soft"] > 0.5, result["info"]["confidence"], warned


def main() -> None:
    finders: dict[str, Find] = {"engine": find_with_engine}
    if (SHARED / "engine_prototype").is_dir():
        sys.path.insert(0, str(SHARED))
        finders["prototype"] = find_with_prototype
    scores: dict[str, list[tuple[str, str, float, float, bool]]] = {name: [] for name in finders}
    for name, ground, data, truth in compose():
        for finder, find in finders.items():
            mask, confidence, warned = find(data)
            overlap = float((mask & truth).sum() / max(1, (mask | truth).sum()))
            scores[finder].append((name, ground, overlap, confidence, warned))
            if len(sys.argv) > 1 and overlap < GOOD:
                show(Path(sys.argv[1]) / f"{ground}-{name}-{finder}-{overlap:.2f}-{confidence:.2f}.jpg", data, mask)
    for finder, rows in scores.items():
        report(finder, rows)


def show(path: Path, data: bytes, mask: np.ndarray) -> None:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    picture[~mask] = picture[~mask] // 3 + (110, 60, 110)
    cv2.imwrite(str(path), picture)


def report(finder: str, rows: list[tuple[str, str, float, float, bool]]) -> None:
    print(f"\n{finder}: mean overlap with the truth, whole objects and cut ones")
    for ground in GROUNDS:
        whole, cut = (
            np.mean([row[2] for row in rows if row[1] == ground and row[0].endswith("_cut") == is_cut])
            for is_cut in (False, True)
        )
        print(f"  {ground:12} {whole:.3f}  {cut:.3f}")
    bad = [row for row in rows if row[2] < GOOD]
    good = [row for row in rows if row[2] >= GOOD]
    print(f"  all          {np.mean([row[2] for row in rows]):.3f}  ({len(rows)} pictures)")
    print(f"  below {GOOD}: {len(bad)}, of these warned {sum(row[4] for row in bad)}; ", end="")
    print(f"others warned {sum(row[4] for row in good)} of {len(good)}")


if __name__ == "__main__":
    main()
