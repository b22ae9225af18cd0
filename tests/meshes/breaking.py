"""How is a sound model broken on purpose, and what does the check say then?"""

from __future__ import annotations

import struct

import pytest

from jobs.meshes import MeshError, check_glb
from tests import models


def fail_code(glb: bytes) -> str:
    with pytest.raises(MeshError) as caught:
        check_glb(glb)
    return caught.value.code


def change(builder: models.ModelBuilder, *path, **fields) -> bytes:
    """The model after changes to the object at ``path`` of its JSON."""
    entry = builder.tree
    for step in path:
        entry = entry[step]
    entry.update(fields)
    return builder.build()


def repack(glb: bytes, *, text: bytes) -> bytes:
    """The same model with another JSON part."""
    length = struct.unpack_from("<I", glb, 12)[0]
    return models.pack_glb(text, glb[20 + length + 8 :])
