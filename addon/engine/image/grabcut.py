# SPDX-License-Identifier: GPL-3.0-or-later
"""GrabCut (Rother, Kolmogorov and Blake, 2004) with the seed fixed, so that the same picture gives the same cut."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

BACKGROUND, CHARACTER, MAYBE_BACKGROUND, MAYBE_CHARACTER = 0, 1, 2, 3


def cut(picture: Bytes, labels: Bytes, seed: int, iterations: int = 2) -> npt.NDArray[np.bool_]:
    """Cut a picture in two by colour and edges, starting from labels.

    Args:
        picture: (H, W, 3) uint8 RGB.
        labels: (H, W) uint8 of BACKGROUND, CHARACTER, MAYBE_BACKGROUND, MAYBE_CHARACTER.
        seed: Of the colour clustering; the frame number does.
        iterations: Rounds of colour models and cut.

    Returns:
        (H, W) bool, True where the character is. Labels that leave one side without a sample are returned as they are.
    """
    inside = (labels & 1) == 1
    if inside.sum() < 16 or (~inside).sum() < 16:
        return inside
    result = labels.copy()
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(seed)
    whole = (0, 0, picture.shape[1], picture.shape[0])
    cv2.grabCut(picture, result, whole, models[0], models[1], iterations, cv2.GC_INIT_WITH_MASK)
    return (result & 1) == 1


def _without_threads(hard: npt.NDArray[np.bool_], likely: Float) -> npt.NDArray[np.bool_]:
    """The cut without thin things where the probability is against them.

    Colour alone pulls in what touches the character and is as dark (chair legs, joints of a floor), and opens creases
    of clothes.
    """
    radius = max(1, round(hard.shape[0] / 240))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    opened = cv2.morphologyEx(hard.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0
    closed = cv2.morphologyEx(hard.astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0
    return (hard & (opened | (likely > 0.5))) | (closed & (likely > 0.8))


def cut_probability(picture: Bytes, probability: Float, seed: int, scale: float = 1.0) -> Float:
    """Cut along the edges near the 0.5 line of a probability.

    Above 0.9 is surely the character, below 0.1 surely not.

    Args:
        picture: (H, W, 3) uint8 RGB.
        probability: (H, W) float32 0..1.
        seed: Of the colour clustering.
        scale: Size to cut at, 1 or less; smaller is faster and coarser.

    Returns:
        (H, W) float32 0..1, the cut with one pixel (of the size it was cut at) of softness.
    """
    height, width = probability.shape
    small, likely = picture, probability
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        likely = np.asarray(cv2.resize(probability, size, interpolation=cv2.INTER_AREA), np.float32)
    labels = np.where(likely > 0.5, MAYBE_CHARACTER, MAYBE_BACKGROUND).astype(np.uint8)
    labels[likely > 0.9] = CHARACTER
    labels[likely < 0.1] = BACKGROUND
    hard = _without_threads(cut(small, labels, seed), likely)
    soft = np.asarray(cv2.GaussianBlur(hard.astype(np.float32), (0, 0), 1.0), np.float32)
    if scale < 1.0:
        soft = np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return soft
