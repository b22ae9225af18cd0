"""Which arrays pass between the steps?"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]  # (height, width, 3), sRGB
Field: TypeAlias = NDArray[np.float32]  # (height, width): a number for each pixel
Flags: TypeAlias = NDArray[np.bool_]  # of any shape: yes or no
Points: TypeAlias = NDArray[np.float64]  # (n, 2) or (n, 3): positions in pixels, y up
Numbers: TypeAlias = NDArray[np.float64]  # (n,)
Indices: TypeAlias = NDArray[np.int64]  # (n,) or (n, 3): which points
