"""What do values look like that JSON schema cannot describe? Registered with Schemathesis."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies

from tests.pictures import draw_blob, encode_png

PICTURES = [encode_png(draw_blob(number, size=64)) for number in range(40)]

schemathesis.openapi.format("binary", strategies.sampled_from(PICTURES))
