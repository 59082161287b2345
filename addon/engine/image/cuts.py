# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts between scenes, found by PySceneDetect's adaptive detector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

# Hand-held motion moves edges by a few of these pixels only; a cut changes the whole picture.
_SEARCH_SIDE = 192


def find_cuts(
    frames: Iterable[npt.NDArray[np.uint8]], *, threshold: float, minimum_change: float, minimum_scene: int
) -> list[int]:
    """First frames of the scenes after the first one.

    A frame begins a scene when its change of hue, saturation and lightness against the frame before is
    `threshold` times the mean of the two changes before and after it.

    Args:
        frames: uint8 (H, W, 3) sRGB, in order.
        threshold: See above.
        minimum_change: Mean change, of 255, below which nothing is a cut.
        minimum_scene: Shortest scene, in frames.

    Returns:
        Frame numbers, counted from 1, ascending.
    """
    detector = AdaptiveDetector(
        adaptive_threshold=threshold, min_scene_len=minimum_scene, min_content_val=minimum_change
    )
    found: list[int] = []
    for index, frame in enumerate(frames):
        cuts = detector.process_frame(FrameTimecode(index, fps=25.0), _reduced(frame))
        found.extend(int(cut.frame_num) + 1 for cut in cuts)
    return found


def _reduced(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = frame.shape[:2]
    scale = min(1.0, _SEARCH_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), np.uint8)


def scenes_of(count: int, cuts: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """(first, last) of each scene, inclusive.

    >>> scenes_of(10, [4])
    ((1, 3), (4, 10))
    """
    starts = [1, *sorted({cut for cut in cuts if 1 < cut <= count})]
    return tuple(zip(starts, [*(start - 1 for start in starts[1:]), count], strict=True))
