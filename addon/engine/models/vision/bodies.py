# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of people in a frame; RT-DETRv2 (Lv and others, 2024) finds them, ViTPose (Xu and others, 2022) joints."""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from .loading import best_device, load_network

Image8 = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]

_DETECTOR_SIDE = 640
_PERSON = "person"
_LEAST_PERSON_SCORE = 0.5
_LEAST_JOINT_SCORE = 0.3
_NECK = -1
# OpenPose's 18 points by COCO's 17.
_FROM_COCO = (0, _NECK, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
_LEFT_SHOULDER, _RIGHT_SHOULDER = 5, 6


class BodyFinder:
    """Both networks in memory.

    Args:
        detector: Folder of RT-DETRv2 in transformers' layout.
        joints: Folder of ViTPose.
        device: auto, cuda, mps or cpu.

    Raises:
        InputError: A folder is damaged or holds something else.
    """

    def __init__(self, detector: Path, joints: Path, device: str = "auto") -> None:
        from transformers import VitPoseImageProcessorPil

        self._device = best_device(device)
        self._detector = load_network("RTDetrV2ForObjectDetection", detector, self._device)
        self._joints = load_network("VitPoseForPoseEstimation", joints, self._device)
        size = self._joints.config.backbone_config.image_size
        self._cutter: Any = VitPoseImageProcessorPil(size={"height": size[0], "width": size[1]})

    def __call__(self, image8: Image8) -> list[Points]:
        """Everybody's points in OpenPose's order, float32 (18, 2) pixels each, NaN where they are not sure.

        Args:
            image8: uint8 RGB (H, W, 3).
        """
        boxes = self.boxes(image8)
        return self._points(image8, boxes) if len(boxes) else []

    def boxes(self, image8: Image8) -> Points:
        """Left, top, width and height of people, float32 (N, 4), pixels, the surest first."""
        import torch

        height, width = image8.shape[:2]
        small = cv2.resize(image8, (_DETECTOR_SIDE, _DETECTOR_SIDE), interpolation=cv2.INTER_LINEAR)
        pixels = torch.from_numpy(small.transpose(2, 0, 1)[None].astype(np.float32) / 255).to(self._device)
        with torch.no_grad():
            told = self._detector(pixel_values=pixels)
        names = self._detector.config.id2label
        person = next((int(number) for number, name in names.items() if str(name).lower() == _PERSON), 0)
        scores = told.logits[0, :, person].sigmoid().float().cpu().numpy()
        middle = told.pred_boxes[0].float().cpu().numpy() * (width, height, width, height)
        order = [index for index in np.argsort(-scores, kind="stable") if scores[index] >= _LEAST_PERSON_SCORE]
        corners = np.column_stack([middle[:, :2] - middle[:, 2:] / 2, middle[:, 2:]])
        return np.asarray(corners[order], np.float32).reshape(-1, 4)

    def _points(self, image8: Image8, boxes: Points) -> list[Points]:
        import torch

        cut = self._cutter(image8, boxes=[boxes.tolist()], return_tensors="pt")
        with torch.no_grad():
            told = self._joints(pixel_values=cut["pixel_values"].to(self._device))
        told.heatmaps = told.heatmaps.float().cpu()
        people = self._cutter.post_process_pose_estimation(told, boxes=[boxes.tolist()])[0]
        return [openpose_points(np.asarray(one["keypoints"]), np.asarray(one["scores"])) for one in people]


def openpose_points(joints: npt.NDArray[np.float32], scores: npt.NDArray[np.float32]) -> Points:
    """COCO's 17 joints as OpenPose's 18 points, the neck between the shoulders.

    Args:
        joints: (17, 2) pixels.
        scores: (17,) 0..1; below 0.3 a joint is left out.
    """
    sure = np.where((scores.reshape(-1) >= _LEAST_JOINT_SCORE)[:, None], joints[:, :2], np.nan)
    neck = (sure[_LEFT_SHOULDER] + sure[_RIGHT_SHOULDER]) / 2
    return np.asarray([neck if index == _NECK else sure[index] for index in _FROM_COCO], np.float32)
