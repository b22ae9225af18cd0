"""Does the whole product work, from upload to valid files, with its real processes?"""

from __future__ import annotations

import io
import json
import zipfile

import pytest
import trimesh

from tests.factories import make_picture
from tests.gltf import validate_glb
from tests.running import Product, upload, wait_for_job

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(4):
        (folder / f"blob-{number}.png").write_bytes(make_picture(number))
    return sorted(folder.iterdir())


def test_the_first_start_has_made_a_model_and_tells_the_login(product: Product):
    assert product.url in product.ready_line
    email, password = product.login
    assert email == "admin@example.org"
    assert len(password) >= 12
    with product.client() as client:
        job = client.get("/api/v1/jobs").json()["results"][-1]
    assert (job["status"], job["counts"]["completed"]) == ("completed", 1)


def test_a_batch_becomes_valid_models(product: Product, pictures):
    with product.client() as client:
        accepted = upload(client, pictures, formats="stl,obj")
        job = wait_for_job(client, accepted["job_id"])
        assert job["counts"]["completed"] == len(pictures)
        for generation in job["generations"]:
            files = {(entry["role"], entry["format"]): entry for entry in generation["files"]}
            assert {("model", "glb"), ("model", "stl"), ("model", "obj"), ("preview", "webp")} <= set(files)
            model = files["model", "glb"]
            data = client.get(model["url"]).content
            issues = validate_glb(data)["issues"]
            assert (issues["numErrors"], issues["numWarnings"]) == (0, 0)
            mesh = trimesh.load(io.BytesIO(data), file_type="glb", force="mesh")
            assert mesh.is_watertight
            assert len(mesh.faces) == model["faces"] <= 20_000


def test_a_zip_holds_them_all(product: Product, pictures):
    with product.client() as client:
        accepted = upload(client, pictures)
        wait_for_job(client, accepted["job_id"])
        data = client.get(f"/api/v1/jobs/{accepted['job_id']}/download.zip").content
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    assert {f"blob-{n}.glb" for n in range(4)} <= set(archive.namelist())


def test_a_format_is_made_on_demand(product: Product, pictures):
    with product.client() as client:
        job = wait_for_job(client, upload(client, pictures[:1])["job_id"])
        generation = job["generations"][0]["id"]
        answer = client.post(f"/api/v1/generations/{generation}/formats", json={"formats": ["usdz"]})
        assert answer.status_code == 202

        def find():
            files = client.get(f"/api/v1/generations/{generation}").json()["files"]
            return next((entry for entry in files if entry["format"] == "usdz"), None)

        from tests.running import wait_until

        made = wait_until(find, what="the USDZ")
        assert client.get(made["url"]).content[:2] == b"PK"


def test_a_stream_that_is_cut_ends_as_a_poll_does(product: Product, pictures):
    with product.client() as client:
        job_id = upload(client, pictures)["job_id"]
        last, frame, cuts = "0", None, 0
        while frame is None or "summary" not in frame:
            headers = {"Last-Event-ID": last}
            with client.stream("GET", f"/api/v1/jobs/{job_id}/events", headers=headers) as stream:
                if stream.status_code == 204:
                    break
                for line in stream.iter_lines():
                    if line.startswith("id: "):
                        last = line[4:]
                    if line.startswith("data: "):
                        frame = json.loads(line[6:])
                        break  # the cut
            cuts += 1
        job = client.get(f"/api/v1/jobs/{job_id}").json()
    assert cuts > 1
    assert (frame["status"], frame["progress"], frame["counts"]) == (job["status"], job["progress"], job["counts"])


def test_a_bad_file_keeps_nothing(product: Product, pictures):
    with product.client() as client:
        before = client.get("/api/v1/jobs").json()["results"][0]["id"]
        files = [("files", ("a.png", pictures[0].read_bytes())), ("files", ("b.png", b"no picture"))]
        answer = client.post("/api/v1/upload", files=files)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "unsupported_file_type")
        assert client.get("/api/v1/jobs").json()["results"][0]["id"] == before


def test_the_terminal_takes_the_same_way(product: Product, pictures, tmp_path):
    done = product.manage("convert", *map(str, pictures[:2]), "--formats", "ply", "--out", str(tmp_path))
    assert done.returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {f"blob-{n}{e}" for n in (0, 1) for e in (".glb", ".ply")}


def test_the_terminal_tells_a_failure(product: Product, tmp_path):
    from PIL import Image

    from tests.pictures import encode_png

    flat = tmp_path / "flat.png"
    flat.write_bytes(encode_png(Image.new("RGB", (128, 128), "white")))
    done = product.manage("convert", str(flat), "--out", str(tmp_path / "out"), check=False)
    assert done.returncode == 1
    assert "flat.png" in done.stderr


def test_rows_and_files_agree_afterwards(product: Product):
    done = product.manage("sweep", "--check", "--grace", "0", check=False)
    assert (done.returncode, done.stderr) == (0, "")
