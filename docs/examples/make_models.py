"""Turn pictures into models from a terminal, by the API of a server that may be far away.

    python make_models.py chair.png cup.png --host http://127.0.0.1:8000 --formats stl --out models

The key comes from the environment: ``IMAGE2MODEL_KEY``.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from image2model_client import ApiError, Client, Progress


def main(arguments: list[str]) -> int:
    wishes = read_wishes(arguments)
    try:
        with Client(wishes.host, key=os.environ["IMAGE2MODEL_KEY"]) as client:
            return make_models(client, wishes)
    except ApiError as error:
        print(error, file=sys.stderr)
        return 1


def read_wishes(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--host", default="http://127.0.0.1:8000")
    parser.add_argument("--engine", default="local")
    parser.add_argument("--formats", type=lambda text: text.split(","), default=[], help="beside GLB: stl,obj,…")
    parser.add_argument("--out", type=Path, default=Path("models"))
    return parser.parse_args(arguments)


def make_models(client: Client, wishes: argparse.Namespace) -> int:
    estimate = client.estimate(engine=wishes.engine, count=len(wishes.pictures))
    print(f"About {estimate['seconds']} s and {estimate['amount']} {estimate['currency']}.")
    job = client.create_job(wishes.pictures, engine=wishes.engine, formats=wishes.formats)
    job = client.follow(job["id"], tell=show)
    for generation in job["generations"]:
        if error := generation["error"]:
            print(f"{error['message']} {error['hint']}", file=sys.stderr)
    for name in ("glb", *wishes.formats):
        for path in client.download(job, format=name, folder=wishes.out):
            print(path)
    return 0 if job["status"] == "completed" else 1


def show(progress: Progress) -> None:
    print(f"{progress['progress']:3} % {progress['message']}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
