"""Where does one call lead to? Ids of an answer, and the calls that take them."""

from __future__ import annotations

from typing import Any

ABOUT_A_JOB = (
    "get_job", "cancel_job", "retry_job", "delete_job", "stream_job", "download_zip", "list_downloads",
    "get_job_progress",
)  # fmt: skip
ABOUT_A_TASK = ("get_task_status", "stream_task")
ABOUT_A_GENERATION = ("get_generation", "cancel_generation", "retry_generation", "request_formats")
ABOUT_A_WEBHOOK = (
    "get_webhook", "change_webhook", "delete_webhook", "test_webhook", "rotate_webhook_secret",
    "list_webhook_deliveries",
)  # fmt: skip

Link = tuple[tuple[str, ...], str, str]  # calls, their parameter, where its value is in the answer
JOB: list[Link] = [(ABOUT_A_JOB, "job_id", "/job_id"), (ABOUT_A_TASK, "task_id", "/task_id")]
LINKS: dict[str, list[Link]] = {
    "upload": [
        *JOB,
        (ABOUT_A_GENERATION, "generation_id", "/uploaded_files/0/generation_id"),
        (("download_image", "get_thumbnail"), "file_id", "/uploaded_files/0/file_id"),
    ],
    "upload_image": JOB,
    "generate": JOB,
    "create_job": [*JOB, (ABOUT_A_GENERATION, "generation_id", "/generations/0/id")],
    "get_job": [
        (ABOUT_A_GENERATION, "generation_id", "/generations/0/id"),
        (("download_file",), "job_id", "/id"),
    ],
    "store_images": [(("download_image", "get_thumbnail"), "file_id", "/images/0/file_id")],
    "create_webhook": [(ABOUT_A_WEBHOOK, "webhook_id", "/id")],
    "test_webhook": [(("replay_delivery",), "delivery_id", "/id")],
    "create_key": [(("revoke_key",), "key_id", "/id")],
}


def add_links(result: dict[str, Any]) -> None:
    for operations in result["paths"].values():
        for operation in operations.values():
            if links := LINKS.get(operation["operationId"]):
                success = min(status for status in operation["responses"] if status.startswith("2"))
                operation["responses"][success]["links"] = dict(_describe(links))


def _describe(links: list[Link]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (call, {"operationId": call, "parameters": {name: f"$response.body#{pointer}"}})
        for calls, name, pointer in links
        for call in calls
    ]
