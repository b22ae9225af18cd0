"""What is the least that taking a body costs? An app that takes it to a file on the disk and checks nothing.

``python -m uvicorn tests.load.reference:take``
"""

from __future__ import annotations

import json
import tempfile


async def take(scope, receive, send):
    if scope["type"] != "http":
        return
    size = 0
    with tempfile.TemporaryFile() as file:
        while True:
            message = await receive()
            size += file.write(message.get("body", b""))
            if not message.get("more_body"):
                break
    body = json.dumps({"size": size, "status": "ok"}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
