# SPDX-License-Identifier: GPL-3.0-or-later
"""Person or not, by two small networks whose answers are averaged.

MediaPipe's selfie segmentation (Apache-2.0): one network made for upright pictures (256 x 256), one for wide ones
(256 x 144). Each takes the whole picture or a part of it stretched to its size. Their errors differ, so the mean of
their logits beats either, above all on the person's own box.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ..litert import Network
from ..registry import model_path

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
MODELS = ("selfie_segmentation", "selfie_segmentation_landscape")
"""Names of the two networks in the registry."""

_GENERAL_SIZE = (256, 256)
_LANDSCAPE_SIZE = (256, 144)


@dataclass(frozen=True)
class Box:
    """A rectangle of whole pixels: left and top inclusive, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int


class Segmenter:
    """The two networks, loaded once.

    Args:
        general: Takes (256, 256, 3) float32 RGB 0..1, gives 256 * 256 probabilities.
        landscape: Takes (144, 256, 3), gives 144 * 256 probabilities.
    """

    def __init__(self, general: Callable[[Float], list[Float]], landscape: Callable[[Float], list[Float]]) -> None:
        self._networks = ((general, _GENERAL_SIZE), (landscape, _LANDSCAPE_SIZE))

    def logit(self, picture: Bytes) -> Float:
        """Mean logit of the two networks.

        Args:
            picture: (H, W, 3) uint8 RGB; the whole frame or the person's box.

        Returns:
            (256, 256) float32, positive where a person is likelier than not, within about -7..7; it covers the
            picture stretched.
        """
        total = np.zeros(_GENERAL_SIZE[::-1], np.float32)
        for network, size in self._networks:
            answer = network(_stretched(picture, size))[0].reshape(size[::-1])
            likely = np.clip(answer, 0.001, 0.999)
            logit = np.log(likely / (1 - likely))
            total += np.asarray(cv2.resize(logit, _GENERAL_SIZE, interpolation=cv2.INTER_LINEAR), np.float32)
        return np.asarray(total / len(self._networks), np.float32)

    def probability(self, picture: Bytes, box: Box | None = None) -> Float:
        """How likely each pixel is a person.

        Args:
            picture: (H, W, 3) uint8 RGB.
            box: Look only here; outside is 0. None looks at the whole picture.

        Returns:
            (H, W) float32 0..1.
        """
        height, width = picture.shape[:2]
        box = box or Box(0, 0, width, height)
        part = picture[box.top : box.bottom, box.left : box.right]
        enlarged = cv2.resize(self.logit(part), (part.shape[1], part.shape[0]), interpolation=cv2.INTER_LINEAR)
        result = np.zeros((height, width), np.float32)
        result[box.top : box.bottom, box.left : box.right] = 1 / (1 + np.exp(-enlarged))
        return result


def load_segmenter(threads: int = 2) -> Segmenter:
    """The segmenter with the installed networks; MissingError when they are not there."""
    general, landscape = (Network(model_path(name), threads=threads) for name in MODELS)
    return Segmenter(general, landscape)


def _stretched(picture: Bytes, size: tuple[int, int]) -> Float:
    smaller = picture.shape[0] > size[1] or picture.shape[1] > size[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=method) / np.float32(255), np.float32)
